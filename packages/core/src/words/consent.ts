import type { Connection, Environment } from './connection.js'
import type { DataCenter } from './data-centers.js'

/** What `consent.start` takes. */
export interface ConsentRequest {
  /**
   * The id under which the grant is kept. A connection of this id gets the new grant in place of its old one. Default: the
   * only connection, with `refreshToken` or a store from the variables; else it must be given.
   */
  readonly connection?: string | undefined
  /** Such as `ZohoRecruit.modules.ALL`. With `AaaServer.profile.READ` the connection also learns whose grant it is. */
  readonly scopes: readonly string[]
  /** As registered in Zoho's API console, character by character. From configuration, never from a request. */
  readonly redirectUri: string
  /** Where the client is registered. Default: the option `dataCenter`, else `us`. The user may live in another one. */
  readonly dataCenter?: DataCenter | undefined
  /** The environment of Zoho CRM that the user is asked to choose. Default `production`. */
  readonly environment?: Environment | undefined
  /** A name for people. Default: the user's e-mail address, if the scopes let it be read. */
  readonly label?: string | undefined
}

/** A consent under way. */
export interface ConsentStart {
  /** Where to send the user's browser. */
  readonly url: string
  /** The `state` in that URL (RFC 6749 section 10.12). Keep it in the user's session, and give it to `finish`. */
  readonly state: string
}

/** What `consent.finish` takes besides the callback. */
export interface ConsentFinishOptions {
  /** The connection this user may connect. Where the consent was started for another one, nothing is sent. */
  readonly connection?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** What `consent.exchange` takes besides the code. */
export interface ConsentExchangeOptions {
  /** Default `default`. */
  readonly connection?: string | undefined
  /** Of the console in which the code was made. Default: the option `dataCenter`, else `us`. */
  readonly dataCenter?: DataCenter | undefined
  readonly environment?: Environment | undefined
  readonly label?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** What `consent.clientCredentials` takes. */
export interface ClientCredentialsOptions {
  /** Default `default`. */
  readonly connection?: string | undefined
  /** Service and organisation, such as `ZohoCRM.600` and so on. */
  readonly soid: string
  readonly scopes: readonly string[]
  /** Default: the option `dataCenter`, else `us`. */
  readonly dataCenter?: DataCenter | undefined
  readonly environment?: Environment | undefined
  readonly label?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * How a connection gets its grant. Everything here writes connections, so `connections` must be a store, not a function.
 *
 * A new grant is stored before anyone learns of it. The grant it replaces is revoked at Zoho one token life later (one
 * hour), so that no process is refused meanwhile; a connection keeps at most one replaced grant, because a Zoho user has
 * only 20 (twenty).
 */
export interface ZohoConsent {
  /**
   * The authorization request (RFC 6749 section 4.1.1): offline access, PKCE with S256 (RFC 7636), and a `state` that is
   * good once and for ten minutes. Sends nothing to Zoho. What has to be remembered is kept, sealed, in the token store:
   * with a shared one, another process can finish.
   *
   * @throws ZohoAuthError `ERR_ZOHO_CONFIG`, `ERR_ZOHO_NO_CONNECTION` for an impossible id, `ERR_ZOHO_THROTTLED` after five
   *   grants within a minute, `ERR_ZOHO_STORE`.
   */
  start(request: ConsentRequest): Promise<ConsentStart>
  /**
   * The answer to it: checks the callback, takes the code to the accounts server of the user's data centre, and stores the
   * grant. `location` is looked up in the table of data centres; `accounts-server` must be the table's entry, and is never
   * fetched.
   *
   * @param callbackUrl What the browser was sent to, whole or from its path on.
   * @param state What `start` gave, from the session of this very user.
   * @throws ZohoAuthError `ERR_ZOHO_STATE` for a callback that does not belong to this session, is too late or was used;
   *   `ERR_ZOHO_CONSENT_REQUIRED` if the user refused or the code is dead; `ERR_ZOHO_CLIENT`, `ERR_ZOHO_THROTTLED`,
   *   `ERR_ZOHO_UNAVAILABLE`, `ERR_ZOHO_TIMEOUT`, `ERR_ZOHO_BAD_RESPONSE`, `ERR_ZOHO_STORE`. The connection is then as it was.
   */
  finish(callbackUrl: string | URL, state: string, options?: ConsentFinishOptions): Promise<Connection>
  /**
   * A code from the Self Client page of Zoho's API console, which is good for 3 to 10 minutes.
   *
   * @throws ZohoAuthError as {@link finish}, without `ERR_ZOHO_STATE`.
   */
  exchange(code: string, options?: ConsentExchangeOptions): Promise<Connection>
  /**
   * A connection that needs no refresh token (RFC 6749 section 4.4): each token is made from `soid` and scopes. One is made
   * at once, to see that Zoho accepts them.
   *
   * @throws ZohoAuthError as {@link exchange}; a missing or wrong `soid` is `ERR_ZOHO_CLIENT`.
   */
  clientCredentials(options: ClientCredentialsOptions): Promise<Connection>
  /**
   * "That was the wrong account": gives a connection the grant back that the last consent replaced, and revokes the new one.
   * Where nothing was replaced, or that grant is gone already, the connection is revoked.
   *
   * @param options `grant`: which consent, by `grantId` (`@zoho-auth/core/adapter`) of the connection that it made. One that
   *   is undone already is left alone then, however often a button is pressed. Default: whatever the connection has now.
   */
  undo(options: { readonly connection: string; readonly grant?: string | undefined }): Promise<void>
}

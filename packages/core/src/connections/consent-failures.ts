import type { TokenAnswer } from '../accounts/answers.js'
import type { Answer } from '../accounts/client.js'
import { clientAction, codeOfFailure } from '../token/failures.js'
import type { DataCenter } from '../words/data-centers.js'
import { ZohoAuthError } from '../words/errors.js'
import { unreachedAction } from '../words/forward-proxy.js'

/** A callback that does not belong to this session. */
export function foreign(detail: string): ZohoAuthError {
  return new ZohoAuthError('ERR_ZOHO_STATE', {
    action: `Start the connection again: ${detail}.`,
  })
}

/** The user, or Zoho's page, said no. */
export function notGiven(connection: string, error: string): ZohoAuthError {
  const second =
    error === 'access_denied'
      ? " The user said no; or Zoho's limit of codes (10 in ten minutes, 4 in a minute) was reached: then wait ten minutes."
      : ''
  return new ZohoAuthError('ERR_ZOHO_CONSENT_REQUIRED', {
    connection,
    message: 'The consent was not given at Zoho',
    action: `Zoho's page answered ${error}.${second} Nothing was changed; the connection can be started again.`,
  })
}

/**
 * What an answer without a grant means to who asked for one. The connection is as it was.
 *
 * @param fate What became of a grant that stood in the answer all the same, as a sentence.
 */
export function failed(
  answer: Exclude<Answer<TokenAnswer>, { kind: 'token' }>,
  connection: string,
  dataCenter: DataCenter,
  throttleMs: number,
  fate?: string,
): ZohoAuthError {
  const words = (action: string): string => (fate === undefined ? action : `${action} ${fate}`)
  switch (answer.kind) {
    case 'dead-grant':
      return new ZohoAuthError('ERR_ZOHO_CONSENT_REQUIRED', {
        connection,
        message: 'Zoho does not accept this code; start again',
        action: words(
          `Zoho answered ${answer.error}: the code was used, is older than its one to three minutes, or belongs to another client or data centre ("${dataCenter}" was asked).`,
        ),
      })
    case 'client-fault':
      return new ZohoAuthError('ERR_ZOHO_CLIENT', {
        connection,
        action: words(clientAction(answer.error, { id: connection, dataCenter })),
      })
    case 'throttled':
      return new ZohoAuthError('ERR_ZOHO_THROTTLED', {
        connection,
        retryAfterMs: throttleMs,
        action: words(
          'Zoho refuses more grants for now: it makes five new refresh tokens a minute for one user. Where waiting for retryAfterMs does not help, the user may have its 20 refresh tokens: revoke connections that nobody uses.',
        ),
      })
    case 'unreachable':
      return new ZohoAuthError('ERR_ZOHO_UNAVAILABLE', {
        connection,
        action: unreachedAction('ERR_ZOHO_UNAVAILABLE'),
        cause: new Error(answer.detail),
      })
    default:
      return new ZohoAuthError(codeOfFailure(answer), {
        connection,
        ...(answer.kind === 'transient' ? { message: 'Zoho answered with an error; connect again' } : {}),
        action: words('A code is good once: consent again.'),
        cause: new Error(answer.detail),
      })
  }
}

import type { Answer } from '../gates/accounts-server.js'
import { clientAction, codeOfFailure } from '../refresh-failures.js'
import type { TokenAnswer } from '../rules/token-response.js'
import type { DataCenter } from '../words/data-centers.js'
import { ZohoAuthError } from '../words/errors.js'

/** A callback that does not belong to this session. */
export function foreign(detail: string): ZohoAuthError {
  return new ZohoAuthError('ERR_ZOHO_STATE', {
    action: `Start the connection again: ${detail}.`,
  })
}

/** The user, or Zoho's page, said no. */
export function notGiven(connection: string, error: string): ZohoAuthError {
  return new ZohoAuthError('ERR_ZOHO_CONSENT_REQUIRED', {
    connection,
    message: 'The consent was not given at Zoho',
    action: `Zoho's page answered ${error}. Nothing was changed; the connection can be started again.`,
  })
}

/** What an answer without a grant means to who asked for one. The connection is as it was. */
export function failed(
  answer: Exclude<Answer<TokenAnswer>, { kind: 'token' }>,
  connection: string,
  dataCenter: DataCenter,
  throttleMs: number,
): ZohoAuthError {
  switch (answer.kind) {
    case 'dead-grant':
      return new ZohoAuthError('ERR_ZOHO_CONSENT_REQUIRED', {
        connection,
        message: 'Zoho does not accept this code; start again',
        action: `Zoho answered ${answer.error}: the code was used, is older than its two minutes, or belongs to another client or data centre ("${dataCenter}" was asked).`,
      })
    case 'client-fault':
      return new ZohoAuthError('ERR_ZOHO_CLIENT', {
        connection,
        action: clientAction(answer.error, { id: connection, dataCenter }),
      })
    case 'throttled':
      return new ZohoAuthError('ERR_ZOHO_THROTTLED', { connection, retryAfterMs: throttleMs })
    case 'unreachable':
      return new ZohoAuthError('ERR_ZOHO_UNAVAILABLE', { connection, cause: new Error(answer.detail) })
    default:
      return new ZohoAuthError(codeOfFailure(answer), {
        connection,
        action: 'A code is good once: consent again.',
        cause: new Error(answer.detail),
      })
  }
}

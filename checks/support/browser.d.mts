type Visit = Omit<RequestInit, 'headers'> & { readonly headers?: Record<string, string> }

/** As much of a browser as the consent flow needs: cookies, one redirect at a time, forms. */
export class Browser {
  readonly cookies: Map<string, string>
  /** @param user Who is signed in, by the header `x-user`. */
  constructor(origin: string, user: string)
  open(path: string, visit?: Visit): Promise<Response>
  post(path: string, fields: Record<string, string>, headers?: Record<string, string>): Promise<Response>
  /**
   * From the app to the emulator's page, and its answer: the callback.
   *
   * @param how What that page takes as query. Default: Ada accepts.
   * @param path Where the app begins a consent. Default `/zoho/connect?returnTo=/after`.
   */
  consent(how?: Record<string, string>, path?: string): Promise<string>
  /** All the way to the result page. @param mount Where the flow is. Default `/zoho`. */
  connect(how?: Record<string, string>, mount?: string): Promise<string>
}

/** What the forms of a result page hold. */
export function ticketIn(page: string): string

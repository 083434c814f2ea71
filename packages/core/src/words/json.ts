/** A JSON object, or `undefined` for anything else. */
export function parseObject(body: string): Record<string, unknown> | undefined {
  const value = parseJson(body)
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}

/** A JSON value, or `undefined` for anything else. A byte order mark before it is no fault (RFC 8259 section 8.1). */
export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body.startsWith('\uFEFF') ? body.slice(1) : body)
  } catch {
    return undefined
  }
}

import { answer, bodied, chunked, fielded, gzipped, headed, joined, page } from '../http.js'
import type { Code, Family, FaultRow } from '../row.js'

/** What fits: nobody was reached, or the connection broke. */
const LOST: readonly Code[] = ['ERR_ZOHO_UNAVAILABLE']
/** No answer in time; the caller's own time may be over first. */
const SILENT: readonly Code[] = ['ERR_ZOHO_TIMEOUT', 'ERR_ZOHO_UNAVAILABLE']
/** An answer that makes no sense; on a busy machine it may come too late for the caller. */
const NONSENSE: readonly Code[] = ['ERR_ZOHO_BAD_RESPONSE', 'ERR_ZOHO_UNAVAILABLE']
/** What came is no HTTP, or is: clients differ in how strict they are. */
const GARBLED: readonly Code[] = ['ERR_ZOHO_BAD_RESPONSE', 'ERR_ZOHO_UNAVAILABLE', 'ERR_ZOHO_TIMEOUT']
/** It must go well. */
const WELL: readonly Code[] = []

/** TLS: a fatal alert `handshake_failure` (RFC 8446 section 6). */
const TLS_ALERT = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28])
/** HTTP/2: an empty SETTINGS frame (RFC 9113 section 6.5). */
const HTTP2_SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])
const NOISE = Buffer.from(Array.from({ length: 4_096 }, (_, index) => (index * 73 + 41) % 256))

/** Five mebibytes: far more than is read of any answer. */
const HUGE = 5 * 1024 * 1024
/** More than clients take as a head. */
const LONG_HEAD = 128 * 1024

/** Longer than a request may take here, in milliseconds. */
const TOO_LATE_MS = 2_500

const DATE = 'Fri, 31 Dec 2100 23:59:59 GMT'

/** An answer in place of the server's, which never sees the request. */
const said = (
  name: string,
  bytes: string | Buffer,
  codes: readonly Code[],
  ends?: 'end' | 'reset',
): FaultRow => ({
  name,
  codes,
  fault: { do: 'say', at: 'request', bytes, ...(ends === undefined ? {} : { ends }) },
})

const json = (name: string, value: unknown, codes: readonly Code[], status = 200): FaultRow =>
  said(name, answer(status, typeof value === 'string' ? value : JSON.stringify(value)), codes)

/** Zoho's own word, with which the server does nothing. */
const word = (error: string, code: Code, status = 200, more: object = {}): FaultRow => ({
  ...json(`${error}, ${status}`, { error, ...more }, [code], status),
  lies: true,
})

export const ACCOUNTS_FAULTS: readonly Family[] = [
  {
    name: 'not reached',
    rows: [
      { name: 'port closed', fault: { do: 'close-port' }, codes: LOST },
      {
        name: 'port closed, open again after 150 ms',
        fault: { do: 'close-port', openAfterMs: 150 },
        codes: LOST,
      },
      { name: 'unknown name', fault: { do: 'name', how: 'ENOTFOUND' }, codes: LOST },
      { name: 'name cannot be looked up now', fault: { do: 'name', how: 'EAI_AGAIN' }, codes: LOST },
      { name: 'look-up never ends', fault: { do: 'name', how: 'silence' }, codes: SILENT },
      { name: 'TLS spoken to a plain server', fault: { do: 'tls' }, codes: LOST },
      { name: 'reset at once', fault: { do: 'cut', at: 'accept', how: 'reset' }, codes: LOST },
      { name: 'ended at once', fault: { do: 'cut', at: 'accept', how: 'end' }, codes: LOST },
      { name: 'half-closed at once', fault: { do: 'half-close' }, codes: LOST },
    ],
  },
  {
    name: 'cut',
    rows: [
      { name: 'reset, request read', fault: { do: 'cut', at: 'request', how: 'reset' }, codes: LOST },
      { name: 'ended, request read', fault: { do: 'cut', at: 'request', how: 'end' }, codes: LOST },
      { name: 'reset, work done', fault: { do: 'cut', at: 'answer', how: 'reset' }, codes: LOST },
      { name: 'ended, work done', fault: { do: 'cut', at: 'answer', how: 'end' }, codes: LOST },
      { name: 'reset after 1 byte', fault: { do: 'cut', at: 'answer', how: 'reset', bytes: 1 }, codes: LOST },
      { name: 'ended after 1 byte', fault: { do: 'cut', at: 'answer', how: 'end', bytes: 1 }, codes: LOST },
      { name: 'reset in the head', fault: { do: 'cut', at: 'answer', how: 'reset', bytes: 40 }, codes: LOST },
      { name: 'ended in the head', fault: { do: 'cut', at: 'answer', how: 'end', bytes: 40 }, codes: LOST },
      { name: 'reset before the last byte', fault: allButTheLast('reset'), codes: LOST },
      { name: 'ended before the last byte', fault: allButTheLast('end'), codes: LOST },
      {
        name: 'reset, connection used before',
        fault: { do: 'cut', at: 'request', how: 'reset' },
        codes: LOST,
        keep: true,
      },
      {
        name: 'ended, connection used before',
        fault: { do: 'cut', at: 'answer', how: 'end' },
        codes: LOST,
        keep: true,
      },
    ],
  },
  {
    name: 'silent',
    rows: [
      { name: 'from the start', fault: { do: 'cut', at: 'accept', how: 'silence' }, codes: SILENT },
      { name: 'for good', fault: { do: 'dead-links', opened: true }, codes: SILENT },
      { name: 'a connection used before, for good', fault: { do: 'dead-links' }, codes: SILENT, keep: true },
      { name: 'request read', fault: { do: 'cut', at: 'request', how: 'silence' }, codes: SILENT },
      { name: 'work done', fault: { do: 'cut', at: 'answer', how: 'silence' }, codes: SILENT },
      { name: 'after 1 byte', fault: { do: 'cut', at: 'answer', how: 'silence', bytes: 1 }, codes: SILENT },
      { name: 'in the head', fault: { do: 'cut', at: 'answer', how: 'silence', bytes: 40 }, codes: SILENT },
      { name: 'before the last byte', fault: allButTheLast('silence'), codes: SILENT },
      { name: 'too late', fault: { do: 'slow', way: 'down', lateMs: TOO_LATE_MS }, codes: SILENT },
      { name: 'request too late', fault: { do: 'slow', way: 'up', lateMs: TOO_LATE_MS }, codes: SILENT },
      { name: 'too slow', fault: { do: 'slow', way: 'down', bytes: 10, everyMs: 100 }, codes: SILENT },
      { name: 'the rest too late', fault: { do: 'stall', bytes: 100, ms: TOO_LATE_MS }, codes: SILENT },
      said('103 and nothing more', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n', SILENT),
    ],
  },
  {
    name: 'slow',
    rows: [
      { name: '100 ms late', fault: { do: 'slow', way: 'down', lateMs: 100 }, codes: WELL },
      { name: 'request 100 ms late', fault: { do: 'slow', way: 'up', lateMs: 100 }, codes: WELL },
      {
        name: '32 bytes at a time',
        fault: { do: 'slow', way: 'down', bytes: 32, everyMs: 1 },
        codes: WELL,
      },
      {
        name: 'request in slices of 32',
        fault: { do: 'slow', way: 'up', bytes: 32, everyMs: 1 },
        codes: WELL,
      },
      { name: '8 kB a second', fault: { do: 'slow', way: 'down', bytes: 160, everyMs: 20 }, codes: WELL },
      { name: 'the rest 100 ms later', fault: { do: 'stall', bytes: 30, ms: 100 }, codes: WELL },
      { name: 'the body 100 ms later', fault: { do: 'stall', bytes: 250, ms: 100 }, codes: WELL },
    ],
  },
  {
    name: 'no HTTP',
    rows: [
      said('noise', NOISE, GARBLED, 'end'),
      said('noise that stays', NOISE, GARBLED),
      {
        name: 'noise at once',
        fault: { do: 'say', at: 'accept', bytes: NOISE, ends: 'end' },
        codes: GARBLED,
      },
      said('a TLS alert', TLS_ALERT, GARBLED, 'end'),
      {
        name: 'a TLS alert at once',
        fault: { do: 'say', at: 'accept', bytes: TLS_ALERT, ends: 'end' },
        codes: GARBLED,
      },
      said('HTTP/2', HTTP2_SETTINGS, GARBLED, 'end'),
      { name: 'SSH', fault: { do: 'say', at: 'accept', bytes: 'SSH-2.0-OpenSSH_9.6\r\n' }, codes: GARBLED },
      said('a status line alone', 'HTTP/1.1 200\r\n\r\n', GARBLED, 'end'),
      said('HTTP/9.9', 'HTTP/9.9 200 OK\r\ncontent-length: 0\r\n\r\n', GARBLED, 'end'),
      said('status 99999', 'HTTP/1.1 99999 OK\r\ncontent-length: 0\r\n\r\n', GARBLED, 'end'),
      said('a header without a colon', 'HTTP/1.1 200 OK\r\nno colon here\r\n\r\n', GARBLED, 'end'),
      said('NUL in a header', 'HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 0\r\n\r\n', GARBLED, 'end'),
      said('a very long header', answer(200, '{}', { 'x-long': 'x'.repeat(LONG_HEAD) }), GARBLED),
      said('10 000 headers', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(10_000)}\r\n`, GARBLED, 'end'),
      {
        name: 'the answer twice',
        fault: { do: 'rewrite', answer: (it) => Buffer.concat([joined(it), joined(it)]) },
        codes: GARBLED,
      },
      { name: 'every chunk twice', fault: { do: 'double' }, codes: GARBLED },
      {
        name: 'content-length too long, ended',
        fault: { do: 'rewrite', answer: headed({ 'content-length': '5000' }), ends: 'end' },
        codes: LOST,
      },
      {
        name: 'content-length too long, silent',
        fault: { do: 'rewrite', answer: headed({ 'content-length': '5000' }) },
        codes: SILENT,
      },
      {
        name: 'content-length too short',
        fault: { do: 'rewrite', answer: headed({ 'content-length': '10' }) },
        codes: GARBLED,
      },
      {
        name: 'content-length negative',
        fault: { do: 'rewrite', answer: headed({ 'content-length': '-1' }) },
        codes: GARBLED,
      },
      {
        name: 'content-length twice',
        fault: { do: 'rewrite', answer: headed({}, '\r\ncontent-length: 7') },
        codes: GARBLED,
      },
      {
        name: 'content-length and chunks',
        fault: { do: 'rewrite', answer: headed({}, '\r\ntransfer-encoding: chunked') },
        codes: GARBLED,
      },
      {
        name: 'chunk of a wrong size',
        fault: { do: 'rewrite', answer: chunked(50, '0\r\n\r\n', () => 'zz') },
        codes: GARBLED,
      },
      {
        name: 'chunks without an end, ended',
        fault: { do: 'rewrite', answer: chunked(50, ''), ends: 'end' },
        codes: LOST,
      },
      {
        name: 'chunks without an end, silent',
        fault: { do: 'rewrite', answer: chunked(50, '') },
        codes: SILENT,
      },
      said('101', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: foo\r\nconnection: upgrade\r\n\r\n', GARBLED),
      said('100, a hundred times', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100), GARBLED, 'end'),
      said('102, ten thousand times', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(10_000), GARBLED, 'end'),
    ],
  },
  {
    name: 'status',
    rows: [
      ...[429, 500, 502, 503, 504].flatMap((status) => [
        said(`${status}`, page(status), LOST),
        said(`${status}, Retry-After 2`, page(status, { 'retry-after': '2' }), LOST),
      ]),
      said('503, Retry-After a date', page(503, { 'retry-after': DATE }), LOST),
      said('503, Retry-After nonsense', page(503, { 'retry-after': '-1e9 soon' }), LOST),
      said('503, Retry-After a year', page(503, { 'retry-after': '31536000' }), LOST),
      said('503, nothing else', answer(503), LOST),
      {
        name: 'a token, 500',
        fault: { do: 'rewrite', answer: statused('500 Internal Server Error') },
        codes: LOST,
      },
      ...[400, 401, 403, 404, 407, 408, 413, 418].map((status) => said(`${status}`, page(status), NONSENSE)),
      ...[301, 302, 303, 307, 308].map((status) =>
        said(`${status}, to itself`, page(status, { location: '/oauth/v2/token' }), NONSENSE),
      ),
      said('307, elsewhere', page(307, { location: 'https://127.0.0.1:1/' }), NONSENSE),
      said('302, no URL', page(302, { location: 'http://[' }), NONSENSE),
      said('304', 'HTTP/1.1 304 Not Modified\r\n\r\n', NONSENSE),
    ],
  },
  {
    name: 'body',
    rows: [
      said('200, a page', page(200), NONSENSE),
      said('200, empty', answer(200), NONSENSE),
      said('204', 'HTTP/1.1 204 No Content\r\n\r\n', NONSENSE),
      json('blanks', ' \r\n\t ', NONSENSE),
      json('an array', [], NONSENSE),
      json('null', null, NONSENSE),
      json('a number', 42, NONSENSE),
      json('a text', '"text"', NONSENSE),
      json('an empty object', {}, NONSENSE),
      json('a token in an array', [{ access_token: 'x', expires_in: 3600 }], NONSENSE),
      json('a token further down', { data: { access_token: 'x', expires_in: 3600 } }, NONSENSE),
      json('a token that is a number', { access_token: 5, expires_in: 3600 }, NONSENSE),
      json('an empty token', { access_token: '', expires_in: 3600 }, NONSENSE),
      json('JSON that breaks off', '{"access_token":"x","expi', NONSENSE),
      json('brackets, 60 000 deep', '['.repeat(60_000), NONSENSE),
      said('5 MB of a page', answer(200, '<p>'.repeat(HUGE / 3), { 'content-type': 'text/html' }), NONSENSE),
      said('5 MB of JSON', answer(200, JSON.stringify({ x: 'x'.repeat(HUGE) })), NONSENSE),
      said('no UTF-8', answer(200, Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0xc3, 0x28, 0x22, 0x7d])), NONSENSE),
      said('NULs', answer(200, Buffer.alloc(500)), NONSENSE),
      {
        name: 'UTF-16',
        fault: {
          do: 'rewrite',
          answer: bodied((body) => Buffer.from(`\uFEFF${body.toString()}`, 'utf16le')),
        },
        codes: NONSENSE,
      },
      said('gzip that is none', answer(200, '{}', { 'content-encoding': 'gzip' }), GARBLED),
      said('br that is none', answer(200, '{}', { 'content-encoding': 'br' }), GARBLED),
      {
        name: 'gzip that breaks off',
        fault: {
          do: 'rewrite',
          answer: (it) => gzipped({ ...it, body: it.body }).subarray(0, -12),
          ends: 'end',
        },
        codes: GARBLED,
      },
      ...[0, -1, 1e12, 'soon', null, {}].map(
        (expires_in): FaultRow => ({
          name: `expires_in ${JSON.stringify(expires_in)}`,
          fault: { do: 'rewrite', answer: fielded({ expires_in, expires_in_sec: undefined }) },
          codes: NONSENSE,
        }),
      ),
      {
        name: 'a token for no header',
        fault: { do: 'rewrite', answer: fielded({ access_token: 'a\r\nb' }) },
        codes: NONSENSE,
      },
      json('an error that is none', { error: { code: 5 } }, NONSENSE),
      json('an error that is markup', { error: '<script>' }, LOST),
      json('general_error', { error: 'general_error' }, LOST),
      json('server_error, 500', { error: 'server_error' }, LOST, 500),
      json('a failure', { status: 'failure' }, NONSENSE),
    ],
  },
  {
    name: 'odd, and right',
    rows: [
      {
        name: 'text/plain',
        fault: { do: 'rewrite', answer: headed({ 'content-type': 'text/plain' }) },
        codes: WELL,
      },
      {
        name: 'text/html',
        fault: { do: 'rewrite', answer: headed({ 'content-type': 'text/html' }) },
        codes: WELL,
      },
      {
        name: 'no content-type',
        fault: { do: 'rewrite', answer: headed({ 'content-type': undefined }) },
        codes: WELL,
      },
      { name: 'gzip', fault: { do: 'rewrite', answer: gzipped }, codes: WELL },
      { name: 'chunks of a byte', fault: { do: 'rewrite', answer: chunked(1) }, codes: WELL },
      {
        name: 'no length, ended',
        fault: {
          do: 'rewrite',
          answer: headed({ 'content-length': undefined, connection: 'close' }),
          ends: 'end',
        },
        codes: WELL,
      },
      {
        name: 'the connection is ended behind it',
        fault: { do: 'rewrite', answer: joined, ends: 'end' },
        codes: WELL,
      },
      {
        name: 'a byte order mark',
        fault: { do: 'rewrite', answer: bodied((body) => Buffer.concat([Buffer.from('\uFEFF'), body])) },
        codes: WELL,
      },
      {
        name: 'blanks around it',
        fault: {
          do: 'rewrite',
          answer: bodied((body) => Buffer.from(`\n\n ${body.toString()}${' '.repeat(5_000)}`)),
        },
        codes: WELL,
      },
      {
        name: 'unknown fields',
        fault: { do: 'rewrite', answer: fielded({ anything: { new: true }, token_type: 7 }) },
        codes: WELL,
      },
      {
        name: 'a foreign api_domain',
        fault: { do: 'rewrite', answer: fielded({ api_domain: 'https://api.foreign.example' }) },
        codes: WELL,
      },
      {
        name: '103 before it',
        fault: {
          do: 'rewrite',
          answer: (it) =>
            Buffer.concat([
              Buffer.from('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(3)),
              joined(it),
            ]),
        },
        codes: WELL,
      },
    ],
  },
  {
    name: 'words of Zoho',
    rows: [
      ...['invalid_code', 'invalid_grant', 'INVALID_TOKEN'].flatMap((error) =>
        [200, 400].map((status) => word(error, 'ERR_ZOHO_CONSENT_REQUIRED', status)),
      ),
      ...[
        'invalid_client',
        'invalid_client_secret',
        'missing_org_info',
        'unauthorized_client',
        'invalid_scope',
      ].map((error) => word(error, 'ERR_ZOHO_CLIENT')),
      word('invalid_client', 'ERR_ZOHO_CLIENT', 401),
      word('Access Denied', 'ERR_ZOHO_THROTTLED'),
      word('Access Denied', 'ERR_ZOHO_THROTTLED', 400),
      word('access_denied', 'ERR_ZOHO_THROTTLED', 429),
      word('invalid_code', 'ERR_ZOHO_THROTTLED', 500, {
        error_description: 'Too many requests, try again later.',
      }),
    ],
  },
]

function allButTheLast(ends: 'reset' | 'end' | 'silence'): FaultRow['fault'] {
  return { do: 'rewrite', answer: (it) => joined(it).subarray(0, -1), ends }
}

/** The server's answer with another status. */
function statused(status: string): (it: Parameters<typeof joined>[0]) => Buffer {
  return ({ head, body }) => joined({ head: head.replace(/^HTTP\/1\.1 .*/, `HTTP/1.1 ${status}`), body })
}

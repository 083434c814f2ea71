import { answer } from '../http.js'
import type { Code, Family, FaultRow } from '../row.js'

/** What fits: the store failed. */
const DOWN: readonly Code[] = ['ERR_ZOHO_STORE']
/** The store did not answer in time; the caller's own time may be over first. */
const SILENT: readonly Code[] = ['ERR_ZOHO_STORE', 'ERR_ZOHO_UNAVAILABLE']
/** Refusals whose number need not be that of the questions, so that some may stay without an answer. */
const UNEVEN = SILENT
/** It must go well. */
const WELL: readonly Code[] = []

/** TLS: a fatal alert `handshake_failure` (RFC 8446 section 6). */
const TLS_ALERT = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28])
const NOISE = Buffer.from(Array.from({ length: 4_096 }, (_, index) => (index * 73 + 41) % 256))

/** Longer than a store may take, in milliseconds: 2 s for an operation, and a caller's own limit above that. */
const TOO_LATE_MS = 3_500

/** An answer in place of the server's, to whatever it is asked. */
const said = (
  name: string,
  bytes: string | Buffer,
  codes: readonly Code[] = DOWN,
  ends?: 'end',
): FaultRow => ({
  name,
  codes,
  fault: { do: 'say', at: 'request', bytes, ...(ends === undefined ? {} : { ends }) },
})

/** What can happen to any server. */
const NETWORK: readonly Family[] = [
  {
    name: 'not reached',
    rows: [
      { name: 'port closed', fault: { do: 'close-port' }, codes: DOWN, out: true },
      {
        name: 'port closed, open again after 300 ms',
        fault: { do: 'close-port', openAfterMs: 300 },
        codes: DOWN,
      },
      { name: 'unknown name', fault: { do: 'name', how: 'ENOTFOUND' }, codes: DOWN, out: true },
      {
        name: 'name cannot be looked up now',
        fault: { do: 'name', how: 'EAI_AGAIN' },
        codes: DOWN,
        out: true,
      },
      { name: 'look-up never ends', fault: { do: 'name', how: 'silence' }, codes: SILENT },
      { name: 'reset at once', fault: { do: 'cut', at: 'accept', how: 'reset' }, codes: DOWN, out: true },
      { name: 'ended at once', fault: { do: 'cut', at: 'accept', how: 'end' }, codes: DOWN, out: true },
      { name: 'half-closed at once', fault: { do: 'half-close' }, codes: DOWN },
    ],
  },
  {
    name: 'cut',
    rows: [
      {
        name: 'reset, request read',
        fault: { do: 'cut', at: 'request', how: 'reset' },
        codes: DOWN,
        out: true,
      },
      {
        name: 'ended, request read',
        fault: { do: 'cut', at: 'request', how: 'end' },
        codes: DOWN,
        out: true,
      },
      { name: 'reset, work done', fault: { do: 'cut', at: 'answer', how: 'reset' }, codes: DOWN, out: true },
      { name: 'ended, work done', fault: { do: 'cut', at: 'answer', how: 'end' }, codes: DOWN, out: true },
      { name: 'reset after 1 byte', fault: { do: 'cut', at: 'answer', how: 'reset', bytes: 1 }, codes: DOWN },
      { name: 'ended after 1 byte', fault: { do: 'cut', at: 'answer', how: 'end', bytes: 1 }, codes: DOWN },
      {
        name: 'reset after 9 bytes',
        fault: { do: 'cut', at: 'answer', how: 'reset', bytes: 9 },
        codes: DOWN,
      },
    ],
  },
  {
    name: 'silent',
    rows: [
      { name: 'from the start', fault: { do: 'cut', at: 'accept', how: 'silence' }, codes: SILENT },
      { name: 'request read', fault: { do: 'cut', at: 'request', how: 'silence' }, codes: SILENT },
      { name: 'work done', fault: { do: 'cut', at: 'answer', how: 'silence' }, codes: SILENT },
      { name: 'after 1 byte', fault: { do: 'cut', at: 'answer', how: 'silence', bytes: 1 }, codes: SILENT },
      { name: 'open connections, for good', fault: { do: 'dead-links' }, codes: SILENT, keep: true },
      { name: 'all connections, for good', fault: { do: 'dead-links', opened: true }, codes: SILENT },
      { name: 'too late', fault: { do: 'slow', way: 'down', lateMs: TOO_LATE_MS }, codes: SILENT },
      { name: 'request too late', fault: { do: 'slow', way: 'up', lateMs: TOO_LATE_MS }, codes: SILENT },
      { name: 'too slow', fault: { do: 'slow', way: 'down', bytes: 1, everyMs: 300 }, codes: SILENT },
      { name: 'the rest too late', fault: { do: 'stall', bytes: 3, ms: TOO_LATE_MS }, codes: SILENT },
    ],
  },
  {
    name: 'slow',
    rows: [
      { name: '60 ms late', fault: { do: 'slow', way: 'down', lateMs: 60 }, codes: WELL },
      { name: 'request 60 ms late', fault: { do: 'slow', way: 'up', lateMs: 60 }, codes: WELL },
      {
        name: '32 bytes at a time',
        fault: { do: 'slow', way: 'down', bytes: 32, everyMs: 1 },
        codes: WELL,
      },
      { name: 'request in slices', fault: { do: 'slow', way: 'up', bytes: 100, everyMs: 1 }, codes: WELL },
      { name: 'the rest 60 ms later', fault: { do: 'stall', bytes: 3, ms: 60 }, codes: WELL },
    ],
  },
  {
    name: 'another protocol',
    rows: [
      said('noise', NOISE, DOWN, 'end'),
      said('noise that stays', NOISE, SILENT),
      { name: 'noise at once', fault: { do: 'say', at: 'accept', bytes: NOISE, ends: 'end' }, codes: DOWN },
      said('a TLS alert', TLS_ALERT, DOWN, 'end'),
      said('HTTP', answer(400, 'Bad Request'), SILENT),
      { name: 'every chunk twice', fault: { do: 'double' }, codes: SILENT },
    ],
  },
]

export const REDIS_FAULTS: readonly Family[] = [
  ...NETWORK,
  {
    name: 'its own words',
    rows: [
      said('-LOADING', '-LOADING Redis is loading the dataset in memory\r\n'),
      said('-READONLY', "-READONLY You can't write against a read only replica.\r\n"),
      said('-OOM', "-OOM command not allowed when used memory > 'maxmemory'.\r\n"),
      said('-BUSY', '-BUSY Redis is busy running a script. You can only call SCRIPT KILL.\r\n'),
      said('-NOAUTH', '-NOAUTH Authentication required.\r\n'),
      said('-MOVED', '-MOVED 1234 127.0.0.1:1\r\n'),
      said('-NOSCRIPT, always', '-NOSCRIPT No matching script. Please use EVAL.\r\n'),
      said('an error without words', '-\r\n'),
      said('a number', ':1\r\n'),
      said('a text', '+OK\r\n'),
      said('a list of nonsense', '*3\r\n$3\r\nfoo\r\n:-7\r\n*0\r\n'),
      said('a length of 9 GB', '$9000000000\r\nx', SILENT),
      said('a length that is none', '$abc\r\n\r\n', SILENT),
    ],
  },
]

/** A message of PostgreSQL's protocol (its documentation, "Message Formats"). */
function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  return Buffer.concat([Buffer.from(type), length, body])
}

const IDLE = message('Z', Buffer.from('I'))

/** `ErrorResponse`, and that the connection is ready for more. */
function refusal(state: string, text: string, severity = 'ERROR'): Buffer {
  const fields = `S${severity}\0V${severity}\0C${state}\0M${text}\0\0`
  return Buffer.concat([message('E', Buffer.from(fields)), ...(severity === 'FATAL' ? [] : [IDLE])])
}

/** A result without a row. */
const NO_ROWS = Buffer.concat([
  message('1', Buffer.alloc(0)),
  message('2', Buffer.alloc(0)),
  message('n', Buffer.alloc(0)),
  message('C', Buffer.from('SELECT 0\0')),
  IDLE,
])

export const POSTGRES_FAULTS: readonly Family[] = [
  ...NETWORK,
  {
    name: 'its own words',
    rows: [
      said('starting up', refusal('57P03', 'the database system is starting up', 'FATAL'), DOWN, 'end'),
      said('too many connections', refusal('53300', 'sorry, too many clients already', 'FATAL'), DOWN, 'end'),
      said(
        'shut down',
        refusal('57P01', 'terminating connection due to administrator command', 'FATAL'),
        DOWN,
        'end',
      ),
      said('a wrong password', refusal('28P01', 'password authentication failed', 'FATAL'), DOWN, 'end'),
      said('serialization failure, always', refusal('40001', 'could not serialize access'), UNEVEN),
      said('read only', refusal('25006', 'cannot execute INSERT in a read-only transaction'), UNEVEN),
      said('disk full', refusal('53100', 'could not extend file: No space left on device'), UNEVEN),
      said('internal error', refusal('XX000', 'cache lookup failed'), UNEVEN),
      said('no tables', refusal('42P01', 'relation does not exist'), UNEVEN),
      said('no rows', NO_ROWS, SILENT),
      said('an unknown message', message('!', Buffer.from('what')), UNEVEN),
      said('a length of 2 GB', Buffer.from([0x44, 0x7f, 0xff, 0xff, 0xff, 0x00]), SILENT),
    ],
  },
]

import { BOOKINGS, BOOKS, CATALYST, CREATOR, CRM, PEOPLE, PHONEBRIDGE } from './dialects/business.js'
import { ASSIST, CAMPAIGNS, CLIQ, DESK, MAIL, MEETING, SALESIQ } from './dialects/communication.js'
import { type Dialect, dialect } from './dialects/dialect.js'
import { ANALYTICS, PROJECTS, SHEET, SIGN, SPRINTS, WORKDRIVE, WRITER } from './dialects/work.js'
import type { Product } from './product.js'

/** A stand-in, not a fact: nothing is known of how these products refuse, so they say the least that HTTP can. */
const UNKNOWN = dialect({
  blank: [401, null],
  dead: [401, null],
  scope: [403, null],
  permission: [403, null],
})

/** How each product refuses a request. "Inferred" in a comment: no source was found. */
export const DIALECTS: Readonly<Record<Product, Dialect>> = {
  recruit: CRM,
  crm: CRM,
  bigin: CRM,
  fsm: CRM,
  phonebridge: PHONEBRIDGE,
  books: BOOKS,
  invoice: BOOKS,
  inventory: BOOKS,
  billing: BOOKS,
  expense: BOOKS,
  desk: DESK,
  people: PEOPLE,
  creator: CREATOR,
  mail: MAIL,
  projects: PROJECTS,
  sprints: SPRINTS,
  cliq: CLIQ,
  analytics: ANALYTICS,
  sign: SIGN,
  workdrive: WORKDRIVE,
  writer: WRITER,
  sheet: SHEET,
  campaigns: CAMPAIGNS,
  bookings: BOOKINGS,
  salesiq: SALESIQ,
  meeting: MEETING,
  assist: ASSIST,
  catalyst: CATALYST,
  unknown: UNKNOWN,
}

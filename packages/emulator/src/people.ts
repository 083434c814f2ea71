/** An organisation of a Zoho user. A grant belongs to one of them. */
export interface Organization {
  /** Zoho's number of it, as in `soid`. */
  readonly id: string
  readonly name: string
}

/**
 * Which of Zoho's environments a grant belongs to. Zoho CRM binds a grant to one of them ("Org-specific OAuth 2.0
 * tokens"); other products know `production` alone.
 */
export type Environment = 'production' | 'sandbox' | 'developer'

export const ENVIRONMENTS: readonly Environment[] = ['production', 'sandbox', 'developer']

export function isEnvironment(value: unknown): value is Environment {
  return (ENVIRONMENTS as readonly unknown[]).includes(value)
}

/** Who can sign in: what Zoho knows about a user. */
export interface Person {
  /** The name everything here knows the user by, such as `ada`. */
  readonly user: string
  readonly firstName: string
  readonly lastName: string
  readonly email: string
  /** Zoho's number of the user. */
  readonly zuid: number
  readonly organizations: readonly [Organization, ...Organization[]]
}

/** The users that the consent page offers by name. */
export const KNOWN_USERS = ['ada', 'grace', 'alan'] as const

type Known = Pick<Person, 'firstName' | 'lastName' | 'organizations'>

const KNOWN: ReadonlyMap<string, Known> = new Map<(typeof KNOWN_USERS)[number], Known>([
  [
    'ada',
    {
      firstName: 'Ada',
      lastName: 'Lovelace',
      organizations: [
        { id: '20000000001', name: 'Analytical Engines' },
        { id: '20000000002', name: 'Difference Works' },
      ],
    },
  ],
  [
    'grace',
    {
      firstName: 'Grace',
      lastName: 'Hopper',
      organizations: [{ id: '20000000003', name: 'Compiler House' }],
    },
  ],
  [
    'alan',
    {
      firstName: 'Alan',
      lastName: 'Turing',
      organizations: [
        { id: '20000000004', name: 'Bombe & Daughters' },
        { id: '20000000005', name: 'Imitation Games' },
        { id: '20000000006', name: 'Morphogenesis' },
      ],
    },
  ],
])

/** Everybody exists: a name that is not offered is a user with one organisation. */
export function personOf(user: string): Person {
  const zuid = zuidOf(user)
  const known = KNOWN.get(user) ?? {
    firstName: user,
    lastName: '',
    organizations: [{ id: `3${String(zuid).padStart(10, '0')}`, name: `Organisation of ${user}` }] as const,
  }
  return { user, zuid, email: emailOf(user), ...known }
}

/**
 * One of the user's organisations, by its id.
 *
 * @param id Default the first.
 * @returns Undefined for an organisation the user does not belong to.
 */
export function organizationOf(user: string, id?: string): Organization | undefined {
  const { organizations } = personOf(user)
  return id === undefined ? organizations[0] : organizations.find((one) => one.id === id)
}

/** The organisation of client credentials: the number of their `soid`. */
export function organizationOfSoid(soid: string): Organization {
  const id = soid.slice(soid.indexOf('.') + 1)
  return { id, name: `Organisation ${id}` }
}

/** A number that is always the same for a user, as Zoho's user ids are. */
function zuidOf(user: string): number {
  let sum = 0
  for (const character of user) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 1_000_000_007
  return 10_000_000 + sum
}

function emailOf(user: string): string {
  return user.includes('@') ? user : `${user.replaceAll(/[^\p{L}\p{N}._+-]+/gu, '.')}@example.com`
}

/** What became of the calls of one app, or of one side. */
export class Tally {
  readonly name: string
  calls = 0
  /** Answered with what was asked for. */
  answered = 0
  failed = 0
  /** Refused because a person had revoked the connection: what the library promises, so no failure. */
  revoked = 0
  /** Answered with the data of another Zoho user. Has to stay 0. */
  foreign = 0
  /** Answered, after waiting for a new token. */
  waited = 0
  /** Of those, while no token had been deleted: a usable one should have been there. */
  waitedForNothing = 0

  constructor(name: string) {
    this.name = name
  }

  static sum(name: string, tallies: Iterable<Tally>): Tally {
    const sum = new Tally(name)
    for (const tally of tallies) {
      sum.calls += tally.calls
      sum.answered += tally.answered
      sum.failed += tally.failed
      sum.revoked += tally.revoked
      sum.foreign += tally.foreign
      sum.waited += tally.waited
      sum.waitedForNothing += tally.waitedForNothing
    }
    return sum
  }
}

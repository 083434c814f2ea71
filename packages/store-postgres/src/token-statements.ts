import { ROW_FORMAT, type Tables } from './schema.js'

/*
 * How these statements stay atomic under READ COMMITTED, PostgreSQL's default:
 *
 * - What `acquire` reads first is a snapshot, takes no lock and waits for nobody: `hit`, `wait` and `cooldown` end there.
 * - What is written is decided again, by the same text, in the WHERE of `ON CONFLICT DO UPDATE`: PostgreSQL evaluates it
 *   on the row's current version, after the row is locked. Where it then decides otherwise, nothing is returned, and the
 *   question is asked again with a new snapshot.
 * - Two who insert the same key: the second waits for the first, and then meets its row in that WHERE.
 *
 * Each expression below speaks of a row `t` and a moment `n.now`. All instants are the server's clock in milliseconds.
 */

/**
 * The server's clock at the moment the row is in hand. `now()` is the beginning of the transaction: after a wait for a
 * lock it is stale. Volatile, so PostgreSQL evaluates it where it stands, once for each row, and does not merge it.
 */
const CLOCK = '(select (extract(epoch from clock_timestamp()) * 1000)::double precision as now)'

const COOLDOWN_REASONS = "('dead', 'revoked', 'throttled', 'backoff')"

/** Whether the row is one of ours and its columns agree with each other. */
const READABLE = `(
  t.format = ${ROW_FORMAT}
  and (t.value is null) = (t.ends_at is null)
  and (t.holder is null) = (t.lease_ends_at is null)
  and (t.holder is null or (t.lease_generation is not null and t.lease_at is not null
    and t.lease_used is not null and t.lease_failures is not null))
  and (t.lease_last_cooldown is null or t.lease_last_cooldown in ${COOLDOWN_REASONS})
  and (t.last_cooldown is null or t.last_cooldown in ${COOLDOWN_REASONS})
  and (t.cooldown_reason is null) = (t.cooldown_until is null)
  and (t.cooldown_reason is null or t.cooldown_reason in ${COOLDOWN_REASONS})
  and cardinality(t.tried_at) = cardinality(t.tried_by)
  and array_position(t.tried_at, null) is null
  and t.generation >= 0 and t.issued >= 0 and t.failures >= 0
) is true`

const UNREADABLE = `json_build_object('kind', 'unreadable', 'format', t.format)`

const TOKEN = `json_build_object('value', t.value, 'generation', t.generation, 'lifeMs', t.ends_at - n.now)`

/** The lease as its holder was given it. */
const ACQUIRED = `json_build_object('kind', 'acquired', 'holder', t.holder, 'generation', t.lease_generation, 'at', t.lease_at,
  'used', t.lease_used, 'failures', t.lease_failures, 'lastCooldown', t.lease_last_cooldown)`

/** The cooldown that lasts longest. */
const COOLDOWN = `case
  when t.throttled_until > greatest(n.now, t.cooldown_until)
    then json_build_object('kind', 'cooldown', 'reason', 'throttled', 'ms', t.throttled_until - n.now)
  when t.cooldown_until > n.now
    then json_build_object('kind', 'cooldown', 'reason', t.cooldown_reason, 'ms', t.cooldown_until - n.now)
end`

/** Everything `acquire` can answer without writing, in the order of the contract; null is "acquired". */
const ANSWER = `case when not ${READABLE} then ${UNREADABLE} else coalesce(
  case when t.generation > $3::bigint and t.ends_at > n.now
    then json_build_object('kind', 'hit', 'token', ${TOKEN}) end,
  ${COOLDOWN},
  case when t.lease_ends_at > n.now then
    case when t.holder = $2::text then ${ACQUIRED}
    else json_build_object('kind', 'wait', 'ms', t.lease_ends_at - n.now) end
  end,
  (
    select case when count(*) >= $5::double precision then json_build_object('kind', 'cooldown', 'reason', 'budget',
      'ms', coalesce(min(u.tried_at), n.now) + $6::double precision - n.now) end
    from unnest(t.tried_at) as u(tried_at) where u.tried_at > n.now - $6::double precision
  )
) end`

/** What a statement tells when it wrote nothing because it cannot read the row. */
const refused = (table: string): string =>
  `select ${UNREADABLE} as answer from ${table} t where t.key = $1::text and not ${READABLE}`

/**
 * Makes `acquire`, a function of the database: key, holder, minGeneration, leaseMs, limit, windowMs. A server connection plans it
 * once; as a statement it is planned for each question, which takes ten times as long as a hit does.
 */
export function acquireFunction({ tokens: table, acquire }: Tables): string {
  return `
create function ${acquire}(text, text, bigint, double precision, double precision, double precision) returns text
language plpgsql as $acquire$
declare answer text;
begin
  select (${ANSWER})::text into answer from ${table} t cross join ${CLOCK} n where t.key = $1::text;
  if answer is not null then return answer; end if;
  insert into ${table} as t (key, generation, issued, holder, lease_generation, lease_at, lease_ends_at, lease_used,
    lease_failures, tried_at, tried_by, window_ms)
  select $1::text, 0, g.generation, $2::text, g.generation, n.now, n.now + $4::double precision, 1,
    0, array[n.now], array[$2::text], $6::double precision
  from ${CLOCK} n
  cross join lateral (select greatest($3::bigint, floor(n.now)::bigint) + 1 as generation) g
  on conflict (key) do update set (issued, holder, lease_generation, lease_at, lease_ends_at, lease_used,
    lease_failures, lease_last_cooldown, tried_at, tried_by, window_ms) = (
    select greatest(t.issued, g.generation), $2::text, g.generation, n.now, n.now + $4::double precision, log.used + 1,
      t.failures, t.last_cooldown, array_append(log.tried_at, n.now), array_append(log.tried_by, $2::text),
      $6::double precision
    from ${CLOCK} n
    cross join lateral (select greatest(t.generation, $3::bigint, floor(n.now)::bigint) + 1 as generation) g
    cross join lateral (
      select count(*)::integer as used,
        coalesce(array_agg(u.tried_at order by u.tried_at), '{}') as tried_at,
        coalesce(array_agg(nullif(u.tried_by, $2::text) order by u.tried_at), '{}') as tried_by
      from unnest(t.tried_at, t.tried_by) as u(tried_at, tried_by)
      where u.tried_at > n.now - $6::double precision
    ) log
  )
  where (select ${ANSWER} is null from ${CLOCK} n)
  returning (${ACQUIRED})::text into answer;
  return answer;
end
$acquire$;`
}

export interface TokenStatements {
  /** key, holder, minGeneration, leaseMs, limit, windowMs */
  readonly acquire: string
  /** key, holder, generation, value, at, lifeMs */
  readonly commit: string
  /** key, holder, generation, unspent, cooldown reason or null, cooldown ms or null */
  readonly release: string
  /** key, cooldown reason or null, cooldown ms or null */
  readonly invalidate: string
  /** key */
  readonly inspect: string
  /** idle for ms, most rows */
  readonly prune: string
}

/** The statements of a token store. */
export function tokenStatements({ tokens: table, acquire }: Tables): TokenStatements {
  return {
    acquire: `select ${acquire}($1, $2, $3, $4, $5, $6) as answer`,

    commit: `
with written as (
  insert into ${table} as t (key, generation, issued, value, ends_at)
  values ($1::text, $3::bigint, $3::bigint, $4::text, $5::double precision + $6::double precision)
  on conflict (key) do update set (value, generation, issued, ends_at, failures, last_cooldown, cooldown_reason, cooldown_until,
    holder, lease_ends_at, tried_by) = (
    select
      case when ours then excluded.value else t.value end,
      greatest(t.generation, excluded.generation),
      greatest(t.issued, excluded.issued),
      case when ours then excluded.ends_at else t.ends_at end,
      case when ours then 0 else t.failures end,
      case when ours then null else t.last_cooldown end,
      case when ours then null else t.cooldown_reason end,
      case when ours then null else t.cooldown_until end,
      nullif(t.holder, $2::text),
      case when t.holder = $2::text then null else t.lease_ends_at end,
      array_replace(t.tried_by, $2::text, null)
    from (select excluded.generation > t.generation as ours) w
  )
  where ${READABLE}
  returning (
    select json_build_object('kind', 'done', 'token',
      case when t.value is not null and (t.ends_at > n.now or t.generation = $3::bigint and t.value = $4::text)
        then ${TOKEN} end)
    from ${CLOCK} n
  ) as answer
)
select answer::text as answer from (select answer from written union all ${refused(table)}) either`,

    release: `
with ended as (
  update ${table} t set (holder, lease_ends_at, tried_at, tried_by, failures, last_cooldown, throttled_until, cooldown_reason,
    cooldown_until) = (
    select
      nullif(t.holder, $2::text),
      case when t.holder = $2::text then null else t.lease_ends_at end,
      log.tried_at,
      log.tried_by,
      t.failures + case when q.until is null then 0 else 1 end,
      case when q.until is null then t.last_cooldown else $5::text end,
      case when $5::text = 'throttled' then greatest(t.throttled_until, q.until, q.news) else t.throttled_until end,
      case when q.later then $5::text else t.cooldown_reason end,
      case when q.later then q.until else t.cooldown_until end
    from ${CLOCK} n
    cross join lateral (
      select case when t.generation < $3::bigint and $5::text is not null
        and coalesce($2::text = any(t.tried_by), false) then n.now + $6::double precision end as until,
        -- Of a lease that is not known any more: a throttle is still news.
        case when t.generation < $3::bigint and $5::text = 'throttled' and t.throttled_until is null
        and not coalesce($2::text = any(t.tried_by), false) then n.now + $6::double precision end as news
    ) u
    cross join lateral (
      select u.until, u.news, $5::text <> 'throttled' and u.until > coalesce(t.cooldown_until, '-infinity') as later
    ) q
    cross join lateral (
      select coalesce(array_agg(l.tried_at order by l.place), '{}') as tried_at,
        coalesce(array_agg(nullif(l.tried_by, $2::text) order by l.place), '{}') as tried_by
      from unnest(t.tried_at, t.tried_by) with ordinality as l(tried_at, tried_by, place)
      where not ($4::boolean and l.tried_by is not distinct from $2::text)
    ) log
  )
  where t.key = $1::text and ${READABLE}
  returning json_build_object('kind', 'done') as answer
)
select coalesce((select answer from ended), (${refused(table)}), json_build_object('kind', 'done'))::text as answer`,

    invalidate: `
with invalidated as (
  insert into ${table} as t (key, generation, issued, throttled_until, cooldown_reason, cooldown_until)
  select $1::text, floor(n.now)::bigint + 1, 0,
    case when $2::text = 'throttled' then n.now + $3::double precision end,
    case when $2::text <> 'throttled' then $2::text end,
    case when $2::text <> 'throttled' then n.now + $3::double precision end
  from ${CLOCK} n
  on conflict (key) do update set (generation, value, ends_at, holder, lease_ends_at, tried_by, failures, last_cooldown,
    throttled_until, cooldown_reason, cooldown_until) = (
    select greatest(t.generation, t.issued, floor(n.now)::bigint) + 1, null::text, null::double precision,
      null::text, null::double precision, t.tried_by, 0, null::text,
      case when $2::text = 'throttled' then greatest(t.throttled_until, n.now + $3::double precision)
        else t.throttled_until end,
      case when $2::text <> 'throttled' then $2::text end,
      case when $2::text <> 'throttled' then n.now + $3::double precision end
    from ${CLOCK} n
  )
  where ${READABLE}
  returning json_build_object('kind', 'done') as answer
)
select answer::text as answer from (select answer from invalidated union all ${refused(table)}) either`,

    inspect: `
select coalesce((
  select case when not ${READABLE} then ${UNREADABLE} else json_build_object(
    'kind', 'done',
    'token', case when t.value is not null and t.ends_at > n.now then ${TOKEN} end,
    'used', (select count(*) from unnest(t.tried_at) as u(tried_at) where u.tried_at > n.now - t.window_ms),
    'cooldown', ${COOLDOWN},
    'leaseMs', case when t.lease_ends_at > n.now then t.lease_ends_at - n.now end
  ) end
  from ${table} t cross join ${CLOCK} n where t.key = $1::text
), json_build_object('kind', 'none'))::text as answer`,

    // A generation is the clock at its making, or beyond it: it says when the row was last acquired or invalidated.
    prune: `
with idle as (
  select t.key from ${table} t cross join ${CLOCK} n
  where t.format = ${ROW_FORMAT} and greatest(t.generation, t.issued, t.issued + t.window_ms, t.ends_at, t.lease_ends_at,
    t.throttled_until, t.cooldown_until) < n.now - $1::double precision
  limit $2::integer for update of t skip locked
), pruned as (delete from ${table} t using idle where t.key = idle.key returning 1)
select json_build_object('kind', 'done', 'rows', (select count(*) from pruned))::text as answer`,
  }
}

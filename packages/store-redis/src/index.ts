export type { IoredisSubscriberLike, NodeRedisSubscriberLike, RedisSubscriberLike } from './change-feed.js'
export { checkRedis } from './check-redis.js'
export type {
  IoredisClusterLike,
  IoredisLike,
  NodeRedisClusterLike,
  NodeRedisLike,
  NodeRedisSentinelLike,
  RedisClientLike,
} from './client.js'
export type { RedisConnectionStoreOptions } from './connection-store.js'
export { redisConnectionStore } from './connection-store.js'
export type { RedisStoreOptions } from './keys.js'
export { DEFAULT_PREFIX } from './keys.js'
export { openStores } from './open-stores.js'
export type { RedisTokenStore, RedisTokenStoreOptions } from './token-store.js'
export { redisTokenStore } from './token-store.js'

export { fileConnectionStore } from './file-connection-store.js'
export type { FileTokenStoreOptions } from './file-token-store.js'
export { fileTokenStore } from './file-token-store.js'
export { openStores } from './open-stores.js'

import { test } from '@jest/globals'
import { connectionStoreContract, ManualClock, tokenStoreContract } from '@zoho-auth/core/testing'
import { fileConnectionStore, fileTokenStore, openStores } from '@zoho-auth/store-file'
import { temporaryFolder } from './support.js'

const shared = temporaryFolder()

tokenStoreContract(test, () => fileTokenStore(shared))

tokenStoreContract(
  (name, run) => test(`by a clock of its own: ${name}`, run),
  () => {
    const clock = new ManualClock()
    return { store: fileTokenStore(shared, { clock }), advance: (ms) => clock.advance(ms) }
  },
)

connectionStoreContract(test, () => fileConnectionStore(shared))

connectionStoreContract(
  (name, run) => test(`opened by a URL: ${name}`, run),
  () => openStores(`file://${temporaryFolder()}`).connections,
)

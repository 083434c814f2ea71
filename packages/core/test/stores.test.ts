import { test } from '@jest/globals'
import { memoryConnectionStore, memoryTokenStore } from '@zoho-auth/core'
import { connectionStoreContract, ManualClock, tokenStoreContract } from '@zoho-auth/core/testing'

tokenStoreContract(test, () => {
  const clock = new ManualClock()
  return { store: memoryTokenStore({ clock }), advance: (ms) => clock.advance(ms) }
})

connectionStoreContract(test, () => memoryConnectionStore())

// One process, on the compiled packages, that never closes anything. Its job comes as its argument.
import { createZohoAuth } from '@zoho-auth/core'
import { openStores } from '../dist/index.js'

const { name, url, options, ask } = JSON.parse(process.argv[2])
const { tokens, connections } = openStores(url)

const jobs = {
  /** Asks for a token, as an app does. */
  async engine() {
    const zoho = createZohoAuth({ ...options, tokens, connections })
    const { generation } = await zoho.getToken({ connection: 'acme' })
    console.log(generation > 0 ? 'a token' : 'none')
  },

  /** Leaves a write under way. */
  async write() {
    void tokens.commit('key', ask, 'the-token', 60_000).then(() => console.log('written'))
  },
}

await jobs[name]()

// `{home}` is the documented host that redirects, `{domain}` what stands behind its first label, `{other}` another documented
// host of the same data centre, `{third}` one more, `{abroad}` a documented host of another data centre. A case is added by a
// row.

export const STATUSES: readonly number[] = [301, 302, 303, 307, 308]

/** Where an answer leads, one `Location` after the other. */
export const LEADS: readonly (readonly string[])[] = [
  // The same host.
  ['/next'],
  ['next'],
  ['?next=1'],
  ['#next'],
  ['./a/../next'],
  ['https://{home}/next'],
  ['HTTPS://{home}:443/next'],
  ['//{home}/next'],
  ['/next?url=https://evil.test/'],
  // Another host of Zoho's in the same data centre.
  ['https://{other}/next'],
  ['HTTPS://{other}/next'],
  ['https://{other}:443/next'],
  ['//{other}/next'],
  ['https://{other}/next?https://evil.test/#@evil.test'],
  ['https://{other}/a', 'https://{third}/b'],
  ['https://{other}/a', 'https://{home}/b'],
  ['/a', '/b', '/c'],
  ['/a', 'https://{other}/b', '/c'],
  // Another data centre.
  ['https://{abroad}/next'],
  ['//{abroad}/next'],
  ['https://{other}/a', 'https://{abroad}/b'],
  ['https://{abroad}/a', 'https://{home}/b'],
  // Strangers.
  ['https://evil.test/steal'],
  ['http://evil.test/steal'],
  ['https://evil.test:8443/steal'],
  ['//evil.test/steal'],
  ['///evil.test/steal'],
  ['\\\\evil.test\\steal'],
  ['/\\evil.test/steal'],
  ['/\t/evil.test/steal'],
  ['https:\\\\evil.test\\steal'],
  ['https:evil.test/steal'],
  ['https:/evil.test/steal'],
  ['https:///evil.test/steal'],
  [' https://evil.test/steal'],
  ['https://evil.test#{home}'],
  ['https://evil.test?{home}'],
  ['https://evil.test\\@{home}/'],
  ['https://evil.test/{home}'],
  // Look-alikes.
  ['https://{home}.evil.test/steal'],
  ['https://{other}.evil.test/steal'],
  ['https://evil{domain}/steal'],
  ['https://evil-{domain}/steal'],
  ['https://{domain}/steal'],
  ['https://creatorapp.{domain}/steal'],
  ['https://recruit.zohosites.com/steal'],
  ['https://recruit.zоho.com/steal'],
  ['https://{other}。evil.test/steal'],
  ['https://{other}./steal'],
  ['https://{other}%2eevil.test/steal'],
  ['https://{other}%00.evil.test/steal'],
  // Zoho's hosts, and not as they must be.
  ['http://{home}/next'],
  ['http://{other}/next'],
  ['https://{home}:8443/next'],
  ['https://{other}:444/next'],
  ['http://{home}:443/next'],
  // Users in the URL.
  ['https://{home}@evil.test/steal'],
  ['https://{home}:443@evil.test/steal'],
  ['https://user:password@evil.test/steal'],
  ['https://user:password@{home}/next'],
  ['https://user@{other}/next'],
  // This machine, and its neighbours.
  ['https://127.0.0.1/steal'],
  ['http://127.0.0.1:4010/steal'],
  ['http://localhost:4010/steal'],
  ['https://[::1]/steal'],
  ['http://169.254.169.254/latest/meta-data/'],
  // Other schemes.
  ['ftp://{home}/next'],
  ['file:///etc/passwd'],
  ['javascript:alert(1)'],
  ['data:text/plain,x'],
  ['blob:https://{home}/1'],
  ['ws://{home}/next'],
  [''],
  // Chains that leave, and some that come back.
  ['https://{home}/a', 'https://evil.test/steal'],
  ['https://{other}/a', 'https://evil.test/steal'],
  ['https://{other}/a', 'https://{third}/b', 'https://evil.test/steal'],
  ['https://evil.test/a', 'https://evil.test/steal'],
  ['https://evil.test/a', 'https://{home}/b'],
  ['https://evil.test/a', 'https://{other}/b'],
  ['https://evil.test/a', 'https://{home}/b', 'https://{home}/c'],
  ['https://evil.test/a', 'https://{home}/b', 'https://evil.test/steal'],
  ['http://{home}/a', 'https://{home}/b'],
  ['http://{home}/a', 'https://{other}/b'],
  ['https://{home}:8443/a', 'https://{home}/b'],
  ['https://{other}/a', 'http://{other}/b', 'https://{other}/c'],
]

/** What is sent. */
export interface Parcel {
  readonly method: string
  readonly body?: 'text' | 'form' | 'bytes' | 'multipart' | 'stream'
}

export const PARCELS: readonly Parcel[] = [
  { method: 'GET' },
  { method: 'POST', body: 'form' },
  { method: 'PUT', body: 'text' },
  { method: 'POST', body: 'text' },
  { method: 'DELETE' },
  { method: 'PATCH', body: 'bytes' },
  { method: 'HEAD' },
  { method: 'POST', body: 'multipart' },
  { method: 'POST', body: 'stream' },
]

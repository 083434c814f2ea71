export default async function globalTeardown(): Promise<void> {
  const { startedServers = [] } = globalThis as { startedServers?: { stop(): Promise<void> }[] }
  await Promise.all(startedServers.map((server) => server.stop()))
}

import 'reflect-metadata'
import { Controller, Get, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { startEmulator } from '@zoho-auth/emulator'
import { ZohoAuthExceptionFilter, ZohoAuthModule } from '@zoho-auth/nestjs'
import { ZohoHttpModule, ZohoHttpService } from '@zoho-auth/nestjs/axios'
import { map } from 'rxjs'

/** Recruit answers with more than this; see its documentation. */
interface Candidate {
  readonly First_Name: string
  readonly Last_Name: string
}

@Controller()
class CandidatesController {
  constructor(private readonly http: ZohoHttpService) {}

  @Get('candidates')
  list() {
    return this.http
      .get<{ data: Candidate[] }>('/recruit/v2/Candidates', { zoho: { product: 'recruit' } })
      .pipe(map(({ data }) => data.data.map(({ First_Name, Last_Name }) => `${First_Name} ${Last_Name}`)))
  }
}

@Module({ imports: [ZohoAuthModule.forRoot(), ZohoHttpModule], controllers: [CandidatesController] })
class AppModule {}

// Without ZOHO_* variables of your own, Zoho is played by the emulator.
const emulator = process.env.ZOHO_CLIENT_ID ? undefined : await startEmulator()
Object.assign(process.env, emulator?.env())

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] })
app.useGlobalFilters(new ZohoAuthExceptionFilter())
app.enableShutdownHooks()

const once = process.env.EXAMPLE_ONCE === '1' || process.argv.includes('--once')
await app.listen(once ? 0 : (process.env.PORT ?? 3000), '127.0.0.1')
const url = `${await app.getUrl()}/candidates`
console.log(`${emulator ? 'the emulator' : 'Zoho'} answers at ${url}`)

if (once) {
  const response = await fetch(url)
  console.log(response.status, await response.text())
  await app.close()
  await emulator?.close()
  if (!response.ok) process.exitCode = 1
}

import 'reflect-metadata'
import { Controller, Get, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ZohoAuth, ZohoAuthExceptionFilter, ZohoAuthModule } from '@zoho-auth/nestjs'
import { askOverHttp, type Candidates, CUSTOMER_HEADER, type DemoApp } from './demo-app.js'

@Controller('candidates')
class CandidatesController {
  constructor(private readonly zoho: ZohoAuth) {}

  @Get()
  async list() {
    const answer = await this.zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' })
    const { data, echo } = (await answer.json()) as Candidates
    return { candidates: data, user: echo?.user }
  }
}

/** A NestJS app: `ZohoAuthModule.forRoot()`, and every provider can inject `ZohoAuth`. */
export async function startNestApp(auth: ZohoAuth): Promise<DemoApp> {
  @Module({
    imports: [
      ZohoAuthModule.forRoot({
        auth,
        connection: (req: { headers: Record<string, string | undefined> }) => req.headers[CUSTOMER_HEADER],
      }),
    ],
    controllers: [CandidatesController],
  })
  class AppModule {}

  const app = await NestFactory.create(AppModule, { logger: false, forceCloseConnections: true })
  app.useGlobalFilters(new ZohoAuthExceptionFilter())
  await app.listen(0, '127.0.0.1')
  const origin = await app.getUrl()
  return {
    name: 'NestJS',
    ask: (customer) => askOverHttp(origin, customer),
    close: () => app.close(),
  }
}

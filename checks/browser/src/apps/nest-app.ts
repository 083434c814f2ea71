import 'reflect-metadata'
import { Controller, Get, Header, HttpCode, Module, Query, Res } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ZohoAuth, ZohoAuthExceptionFilter, ZohoAuthModule } from '@zoho-auth/nestjs'
import { type App, type AppSettings, SCOPES, sessionOf, tenantOf } from './app.js'
import { engineFor } from './engine.js'
import { SETTINGS_PAGE } from './pages.js'

@Controller()
class AppController {
  constructor(private readonly zoho: ZohoAuth) {}

  @Get('sign-in')
  signIn(
    @Query('as') tenant: string,
    @Res({ passthrough: true }) res: { setHeader(name: string, value: string): void },
  ): string {
    res.setHeader('Set-Cookie', sessionOf(tenant))
    return SETTINGS_PAGE
  }

  @Get('favicon.ico')
  @HttpCode(204)
  icon(): void {}

  @Get('settings')
  @Header('Content-Type', 'text/html; charset=utf-8')
  settings(): string {
    return SETTINGS_PAGE
  }

  @Get('candidates')
  async candidates(): Promise<unknown> {
    const answer = await this.zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' })
    return answer.json()
  }
}

/** The same app with Nest, on its Express platform. */
export async function startNestApp(settings: AppSettings): Promise<App> {
  const auth = engineFor(settings)
  const { redirectUri } = settings

  @Module({
    imports: [
      ZohoAuthModule.forRoot({
        auth,
        connection: tenantOf,
        connect: { path: '/zoho', scopes: SCOPES, redirectUri },
      }),
    ],
    controllers: [AppController],
  })
  class AppModule {}

  const app = await NestFactory.create(AppModule, { logger: false })
  app.useGlobalFilters(new ZohoAuthExceptionFilter())
  await app.listen(0, '127.0.0.1')
  const { port } = new URL(await app.getUrl())
  return {
    origin: `http://localhost:${port}`,
    async close() {
      await app.close()
      await auth.close()
    },
  }
}

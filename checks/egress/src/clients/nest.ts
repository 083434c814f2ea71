import 'reflect-metadata'
import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { ZohoAuth } from '@zoho-auth/core'
import { ZohoAuthModule } from '@zoho-auth/nestjs'
import { ZohoHttpModule, ZohoHttpService } from '@zoho-auth/nestjs/axios'
import { lastValueFrom } from 'rxjs'
import { configOf } from './axios.js'
import { type Client, USUAL } from './client.js'

/** `ZohoHttpService` of a Nest application. */
export async function nestClient(auth: ZohoAuth): Promise<Client> {
  class App {}
  Module({ imports: [ZohoAuthModule.forRoot({ auth }), ZohoHttpModule] })(App)
  const app = await NestFactory.createApplicationContext(App, { logger: false })
  const http = app.get(ZohoHttpService)
  return {
    ...USUAL,
    takesBases: true,
    name: 'ZohoHttpService',
    send: (sending) => lastValueFrom(http.request({ validateStatus: null, ...configOf(sending) })),
  }
}

import { type DynamicModule, Module } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import { AppController } from './app.controller.js';
import { ConsentController } from './consent.controller.js';
import { Criteo } from './criteo.strategy.js';
import { SETTINGS, type Settings } from './settings.js';
import { Users } from './users.js';

@Module({})
export class AppModule {
  static with(settings: Settings): DynamicModule {
    return {
      module: AppModule,
      imports: [PassportModule],
      controllers: [AppController, ConsentController],
      providers: [Criteo, Users, { provide: SETTINGS, useValue: settings }],
    };
  }
}

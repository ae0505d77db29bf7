// The bench's requests with NestJS on Fastify, by the mapper that MAPPER names. Nobody signs in.
import "reflect-metadata";
import { Body, Controller, Get, Module, Param, Post, Query } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { FastifyAdapter, type NestFastifyApplication } from "@nestjs/platform-fastify";
import { Articles } from "./articles.js";
import { PrismaArticles } from "./prisma.js";
import { TypeORMArticles, typeORM } from "./typeorm.js";

@Controller("articles")
class ArticlesController {
  constructor(private readonly articles: Articles) {}

  @Get()
  async list(@Query("createdAt") at?: string, @Query("id") id?: string, @Query("favorites") favorites?: string) {
    const after = at && id ? { createdAt: new Date(at), id } : undefined;
    return { articles: await this.articles.page(after, favorites !== undefined, false) };
  }

  @Get("commented")
  async commented(@Query("favorites") favorites?: string) {
    return { articles: await this.articles.page(undefined, favorites !== undefined, true) };
  }

  @Get(":slug")
  one(@Param("slug") slug: string, @Query("favorites") favorites?: string) {
    return this.articles.one(slug, favorites !== undefined);
  }

  @Post(":id/comments")
  create(@Param("id") id: string, @Body() body: { author: string; body: string }) {
    return this.articles.createComment(id, body.author, body.body);
  }
}

const byPrisma = process.env.MAPPER === "prisma";

@Module({
  imports: byPrisma ? [] : typeORM(),
  controllers: [ArticlesController],
  providers: [{ provide: Articles, useClass: byPrisma ? PrismaArticles : TypeORMArticles }],
})
class App {}

const app = await NestFactory.create<NestFastifyApplication>(App, new FastifyAdapter(), { logger: ["error"] });
const [host, port] = process.env.ADDR!.split(":");
await app.listen(Number(port), host);

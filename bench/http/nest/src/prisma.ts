import { Injectable } from "@nestjs/common";
import { PrismaPg } from "@prisma/adapter-pg";
import { Prisma, PrismaClient } from "@prisma/client";
import { type Article, Articles, commentsOfEach, pageSize, type Place } from "./articles.js";

const authorFields = { select: { username: true, bio: true, image: true } } as const;
const tagsByName = { select: { tag: { select: { name: true } } }, orderBy: { tag: { name: "asc" } } } as const;
const listFields = { id: true, slug: true, title: true, description: true, createdAt: true, updatedAt: true, author: authorFields, tags: tagsByName } as const;
const commentFields = { id: true, body: true, createdAt: true, author: authorFields } as const;
const firstComments = { select: commentFields, take: commentsOfEach, orderBy: [{ createdAt: "asc" }, { id: "asc" }] } satisfies Prisma.Article$commentsArgs;

@Injectable()
export class PrismaArticles extends Articles {
  private readonly db = new PrismaClient({ adapter: new PrismaPg({ connectionString: process.env.DATABASE_URL, max: 20 }) });

  async one(slug: string, favorites: boolean) {
    const found = await this.db.article.findUniqueOrThrow({ where: { slug }, select: { ...listFields, body: true } });
    return (await this.plain([found], favorites))[0];
  }

  async page(after: Place | undefined, favorites: boolean, comments: boolean) {
    const found = await this.db.article.findMany({
      select: comments ? { ...listFields, comments: firstComments } : listFields,
      orderBy: [{ createdAt: "desc" }, { id: "desc" }],
      take: pageSize,
      ...(after ? { cursor: { id: after.id }, skip: 1 } : {}),
    });
    return this.plain(found, favorites);
  }

  createComment(articleId: string, authorId: string, body: string) {
    return this.db.comment.create({ data: { articleId, authorId, body }, select: commentFields });
  }

  private async plain(found: (Omit<Article, "tags"> & { id: string; tags: { tag: { name: string } }[] })[], favorites: boolean): Promise<Article[]> {
    const counts = favorites ? await this.favorites(found.map((a) => a.id)) : undefined;
    return found.map(({ id, tags, ...article }) => ({
      ...article,
      tags: tags.map((t) => t.tag.name),
      ...(counts ? { favoritesCount: counts.get(id) ?? 0 } : {}),
    }));
  }

  // _count in the selection would count the favourites of all articles.
  private async favorites(ids: string[]) {
    const groups = await this.db.favorite.groupBy({ by: ["articleId"], where: { articleId: { in: ids } }, _count: true });
    return new Map(groups.map((g) => [g.articleId, g._count]));
  }
}

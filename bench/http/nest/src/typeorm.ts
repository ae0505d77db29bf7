import { Injectable } from "@nestjs/common";
import { InjectDataSource, TypeOrmModule } from "@nestjs/typeorm";
import { Column, DataSource, Entity, JoinColumn, JoinTable, ManyToMany, ManyToOne, PrimaryGeneratedColumn, CreateDateColumn, Raw } from "typeorm";
import { type Article, Articles, author, type Comment, commentsOfEach, pageSize, type Place } from "./articles.js";

@Entity("users")
class UserEntity {
  @PrimaryGeneratedColumn("uuid") id: string;
  @Column("text") username: string;
  @Column("text", { nullable: true }) bio: string | null;
  @Column("text", { nullable: true }) image: string | null;
}

@Entity("tags")
class TagEntity {
  @PrimaryGeneratedColumn("uuid") id: string;
  @Column("text") name: string;
}

@Entity("articles")
class ArticleEntity {
  @PrimaryGeneratedColumn("uuid") id: string;
  @CreateDateColumn({ name: "created_at", type: "timestamptz" }) createdAt: Date;
  @CreateDateColumn({ name: "updated_at", type: "timestamptz" }) updatedAt: Date;
  @Column("text") slug: string;
  @Column("text") title: string;
  @Column("text") description: string;
  @Column("text") body: string;
  @ManyToOne(() => UserEntity) @JoinColumn({ name: "author_id" }) author: UserEntity;
  @ManyToMany(() => TagEntity)
  @JoinTable({ name: "article_tags", joinColumn: { name: "article_id" }, inverseJoinColumn: { name: "tag_id" } })
  tags: TagEntity[];
}

@Entity("comments")
class CommentEntity {
  @PrimaryGeneratedColumn("uuid") id: string;
  @CreateDateColumn({ name: "created_at", type: "timestamptz" }) createdAt: Date;
  @Column("text") body: string;
  @ManyToOne(() => ArticleEntity) @JoinColumn({ name: "article_id" }) article: ArticleEntity;
  @ManyToOne(() => UserEntity) @JoinColumn({ name: "author_id" }) author: UserEntity;
}

export function typeORM() {
  return [
    TypeOrmModule.forRoot({
      type: "postgres",
      url: process.env.DATABASE_URL,
      entities: [UserEntity, TagEntity, ArticleEntity, CommentEntity],
      poolSize: 20,
    }),
  ];
}

const listFields = { id: true, slug: true, title: true, description: true, createdAt: true, updatedAt: true } as const;
const authorFields = { id: true, username: true, bio: true, image: true } as const;

@Injectable()
export class TypeORMArticles extends Articles {
  constructor(@InjectDataSource() private readonly db: DataSource) {
    super();
  }

  async one(slug: string, favorites: boolean) {
    const found = await this.db.getRepository(ArticleEntity).findOneOrFail({
      where: { slug },
      select: { ...listFields, body: true, author: authorFields, tags: { id: true, name: true } },
      relations: { author: true, tags: true },
    });
    return (await this.plain([found], favorites, false))[0];
  }

  async page(after: Place | undefined, favorites: boolean, comments: boolean) {
    const found = await this.db.getRepository(ArticleEntity).find({
      where: after ? { createdAt: Raw((column) => `(${column}, "ArticleEntity"."id") < (:at, :id)`, { at: after.createdAt, id: after.id }) } : {},
      select: { ...listFields, author: authorFields, tags: { id: true, name: true } },
      relations: { author: true, tags: true },
      order: { createdAt: "DESC", id: "DESC" },
      take: pageSize,
      relationLoadStrategy: "query", // by a join it would page over the rows of the join
    });
    return this.plain(found, favorites, comments);
  }

  async createComment(article: string, by: string, body: string) {
    const comments = this.db.getRepository(CommentEntity);
    const { id } = await comments.save(comments.create({ article: { id: article }, author: { id: by }, body }));
    const made = await comments.findOneOrFail({ where: { id }, relations: { author: true } });
    return { id, body: made.body, createdAt: made.createdAt, author: author(made.author) };
  }

  private async plain(found: ArticleEntity[], favorites: boolean, comments: boolean): Promise<Article[]> {
    const ids = found.map((a) => a.id);
    const counts = favorites ? await this.favorites(ids) : undefined;
    const commented = comments ? await this.comments(ids) : undefined;
    return found.map((a) => ({
      slug: a.slug,
      title: a.title,
      description: a.description,
      body: a.body,
      createdAt: a.createdAt,
      updatedAt: a.updatedAt,
      author: author(a.author),
      tags: a.tags.map((t) => t.name).sort(),
      ...(counts ? { favoritesCount: counts.get(a.id) ?? 0 } : {}),
      ...(commented ? { comments: commented.get(a.id) ?? [] } : {}),
    }));
  }

  private async favorites(ids: string[]) {
    const rows: { article_id: string; n: string }[] = await this.db.query(
      "SELECT article_id, count(*) n FROM favorites WHERE article_id = ANY ($1) GROUP BY 1", [ids]);
    return new Map(rows.map((r) => [r.article_id, Number(r.n)]));
  }

  // The mapper cannot limit a relation for each parent.
  private async comments(ids: string[]) {
    const rows: { article_id: string; id: string; body: string; created_at: Date; username: string; bio: string | null; image: string | null }[] = await this.db.query(
      `SELECT c.article_id, c.id, c.body, c.created_at, u.username, u.bio, u.image
FROM (SELECT *, row_number() OVER (PARTITION BY article_id ORDER BY created_at, id) AS place FROM comments WHERE article_id = ANY ($1)) c
JOIN users u ON u.id = c.author_id WHERE c.place <= $2 ORDER BY c.created_at, c.id`, [ids, commentsOfEach]);
    const found = new Map<string, Comment[]>();
    for (const r of rows) {
      found.set(r.article_id, [...(found.get(r.article_id) ?? []), { id: r.id, body: r.body, createdAt: r.created_at, author: author(r) }]);
    }
    return found;
  }
}

// What both mappers give, in the form of the answers.
export interface Author {
  username: string;
  bio: string | null;
  image: string | null;
}

export interface Comment {
  id: string;
  body: string;
  createdAt: Date;
  author: Author;
}

export interface Article {
  slug: string;
  title: string;
  description: string;
  body?: string;
  createdAt: Date;
  updatedAt: Date;
  author: Author;
  tags: string[];
  favoritesCount?: number;
  comments?: Comment[];
}

// Place is the last article of the page before.
export interface Place {
  createdAt: Date;
  id: string;
}

export abstract class Articles {
  abstract one(slug: string, favorites: boolean): Promise<Article>;
  abstract page(after: Place | undefined, favorites: boolean, comments: boolean): Promise<Article[]>;
  abstract createComment(article: string, author: string, body: string): Promise<Comment>;
}

export const pageSize = 20;
export const commentsOfEach = 5;

export function author(of: Author): Author {
  return { username: of.username, bio: of.bio, image: of.image };
}

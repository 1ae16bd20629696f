// Both ends of the parts of uploads. They come here only sealed.
import { desc, eq, inArray, lt } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { uploadParts } from "../schema.ts";

export type UploadPartRow = typeof uploadParts.$inferSelect;

/** Keeps a part; those from before a time go, and so do all but an owner's newest. */
export async function addUploadPart(
  db: Database,
  row: UploadPartRow,
  bounds: { readonly before: Date; readonly most: number },
): Promise<void> {
  await runQuery(async () => {
    await db.orm.insert(uploadParts).values(row).onConflictDoNothing();
    await db.orm.delete(uploadParts).where(lt(uploadParts.at, bounds.before));
    const tooMany = db.orm
      .select({ key: uploadParts.key })
      .from(uploadParts)
      .where(eq(uploadParts.owner, row.owner))
      .orderBy(desc(uploadParts.at))
      .offset(bounds.most);
    await db.orm.delete(uploadParts).where(inArray(uploadParts.key, tooMany));
  });
}

/** Finds parts by their keys, in any order. */
export function findUploadParts(db: Database, keys: readonly string[]): Promise<readonly UploadPartRow[]> {
  return runQuery(() =>
    db.orm
      .select()
      .from(uploadParts)
      .where(inArray(uploadParts.key, [...keys])),
  );
}

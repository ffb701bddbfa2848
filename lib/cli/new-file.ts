import { type FileHandle, open, unlink } from 'node:fs/promises';
import { UsageError } from './usage';

const reasons: Readonly<Record<string, string>> = {
  EEXIST: 'something with this name is there already, and is not overwritten',
  ENOENT: 'there is no such folder',
  EACCES: 'this user may not write there',
};

/**
 * A file for the results of a command. It is made before the command starts, because results that cannot be stored in
 * the end may be hard to get again; it is removed if nothing was written.
 */
export class NewFile {
  readonly path: string;
  readonly #handle: FileHandle;
  #written = false;

  private constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.path = path;
  }

  /**
   * Makes the file.
   *
   * @param flag for the message.
   * @param mode who may read it; 0o600 for secrets.
   * @throws {UsageError} the file exists (a symbolic link counts), or cannot be made.
   */
  static async create(path: string, flag: string, mode: number): Promise<NewFile> {
    try {
      // O_EXCL: neither is an existing file overwritten nor a symbolic link followed.
      return new NewFile(await open(path, 'wx', mode), path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new UsageError(`${flag} ${path}: ${reasons[code ?? ''] ?? `the file cannot be made (${code})`}.`);
    }
  }

  /** Writes a text in place of earlier ones. */
  async write(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    await this.#handle.write(bytes, 0, bytes.length, 0);
    await this.#handle.truncate(bytes.length);
    await this.#handle.sync();
    this.#written = true;
  }

  /** Closes the file, and removes it if it is empty. */
  async close(): Promise<void> {
    await this.#handle.close();
    if (!this.#written) await unlink(this.path).catch(() => {});
  }
}

/** The host functions that guests import. The compiler takes the import's module name from this file's name. */

export declare function fd_read(descriptor: i32, vectors: usize, count: i32, transferred: usize): i32;
export declare function fd_write(descriptor: i32, vectors: usize, count: i32, transferred: usize): i32;
export declare function proc_exit(code: i32): void;

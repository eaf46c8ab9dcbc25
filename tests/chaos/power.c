/* A disk that can lose its power and can be full, for the files of one folder; loaded with LD_PRELOAD.
 *
 * fsync and fdatasync copy a file to its shadow: what the shadow lacks when the process is killed was never on the disk. Names
 * (unlink, rename) are durable at once. While CHAOS_FULL exists no file may grow by more than was cut off others meanwhile.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define REAL(name) __typeof__(name) *real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static long long freed;

static int ours(const char *path, char *shadow) {
    const char *folder = getenv("CHAOS_FOLDER"), *shadows = getenv("CHAOS_SHADOW");
    size_t n = folder ? strlen(folder) : 0;
    if (!n || !shadows || strncmp(path, folder, n) || path[n] != '/') return 0;
    const char *end = strrchr(path, '-');
    if ((end && !strcmp(end, "-shm")) || strstr(path, ".lock")) return 0;
    snprintf(shadow, PATH_MAX, "%s/%s", shadows, path + n + 1);
    return 1;
}

static int ours_fd(int fd, char *shadow) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0) return 0;
    path[n] = 0;
    return ours(path, shadow);
}

static int refused(int fd, off_t end) {
    char shadow[PATH_MAX];
    struct stat st;
    const char *full = getenv("CHAOS_FULL");
    if (!full || access(full, F_OK) || !ours_fd(fd, shadow) || fstat(fd, &st) || end <= st.st_size) return 0;
    if (end - st.st_size <= freed) {
        freed -= end - st.st_size;
        return 0;
    }
    errno = ENOSPC;
    return 1;
}

static int synced(int fd) {
    char shadow[PATH_MAX], buffer[65536];
    struct stat st;
    if (!ours_fd(fd, shadow)) return 0;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) return 1;
    ssize_t (*put)(int, const void *, size_t, off_t) = (ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
    int (*cut)(int, off_t) = (int (*)(int, off_t))dlsym(RTLD_NEXT, "ftruncate");
    int to = open(shadow, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    off_t at = 0;
    for (ssize_t n; to >= 0 && (n = pread(fd, buffer, sizeof buffer, at)) > 0; at += n)
        if (put(to, buffer, n, at) != n) abort();
    if (to < 0 || cut(to, at)) abort();
    close(to);
    return 1;
}

int fsync(int fd) {
    REAL(fsync);
    return synced(fd) ? 0 : real(fd);
}

int fdatasync(int fd) {
    REAL(fdatasync);
    return synced(fd) ? 0 : real(fd);
}

ssize_t write(int fd, const void *data, size_t n) {
    REAL(write);
    return fd > 2 && refused(fd, lseek(fd, 0, SEEK_CUR) + (off_t)n) ? -1 : real(fd, data, n);
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at) {
    REAL(pwrite);
    return refused(fd, at + (off_t)n) ? -1 : real(fd, data, n, at);
}

ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) {
    REAL(pwrite64);
    return refused(fd, at + (off_t)n) ? -1 : real(fd, data, n, at);
}

int posix_fallocate(int fd, off_t at, off_t n) {
    REAL(posix_fallocate);
    return refused(fd, at + n) ? ENOSPC : real(fd, at, n);
}

int posix_fallocate64(int fd, off64_t at, off64_t n) {
    REAL(posix_fallocate64);
    return refused(fd, at + n) ? ENOSPC : real(fd, at, n);
}

static int shrunk(int fd, off_t size) {
    char shadow[PATH_MAX];
    struct stat st;
    if (!ours_fd(fd, shadow) || fstat(fd, &st)) return 0;
    if (size > st.st_size) return refused(fd, size);
    freed += st.st_size - size;
    return 0;
}

int ftruncate(int fd, off_t size) {
    REAL(ftruncate);
    return shrunk(fd, size) ? -1 : real(fd, size);
}

int ftruncate64(int fd, off64_t size) {
    REAL(ftruncate64);
    return shrunk(fd, size) ? -1 : real(fd, size);
}

int unlink(const char *path) {
    REAL(unlink);
    char shadow[PATH_MAX];
    int result = real(path);
    if (!result && ours(path, shadow)) real(shadow);
    return result;
}

int rename(const char *from, const char *to) {
    REAL(rename);
    char shadow_from[PATH_MAX], shadow_to[PATH_MAX];
    int result = real(from, to);
    if (!result && ours(from, shadow_from) && ours(to, shadow_to)) real(shadow_from, shadow_to);
    return result;
}

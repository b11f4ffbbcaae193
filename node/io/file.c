/* Small files whole, and the pages of a footprint. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zyd/catalogue.h>
#include <zyd/io.h>

static enum zyd_status read_failed(struct zyd_err *err, const char *path)
{
    bool gone = errno == ENOENT;
    zyd_err_set(err, ZYD_ERR_FILE_READ, "%s: %s", path, strerror(errno));
    return gone ? ZYD_E_NOT_FOUND : ZYD_E_IO;
}

enum zyd_status zyd_file_read(uint8_t **out, size_t *size, struct zyd_err *err, const char *path, size_t size_max)
{
    *out = NULL;
    *size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return read_failed(err, path);
    uint8_t *data = NULL;
    size_t cap = 0, n = 0;
    for (;;) { /* by growing, so that pipes and /proc can be read too */
        if (n == cap) {
            size_t grown = cap == 0 ? 4096 : cap * 2;
            uint8_t *p = realloc(data, grown + 1);
            if (p == NULL) {
                errno = ENOMEM;
                break;
            }
            data = p;
            cap = grown;
        }
        ssize_t k = read(fd, data + n, cap - n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            break;
        n += (size_t)k;
        if (n > size_max) {
            zyd_err_set(err, ZYD_ERR_FILE_READ, "%s: larger than %zu bytes", path, size_max);
            free(data);
            close(fd);
            return ZYD_E_TOO_BIG;
        }
        if (k == 0) {
            data[n] = 0;
            *out = data;
            *size = n;
            close(fd);
            return ZYD_OK;
        }
    }
    enum zyd_status st = read_failed(err, path);
    free(data);
    close(fd);
    return st;
}

static bool write_all(int fd, const uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t k = write(fd, p, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        p += k;
        n -= (size_t)k;
    }
    return true;
}

enum zyd_status zyd_file_write_atomic(struct zyd_err *err, const char *path, const void *data, size_t size, unsigned mode)
{
    char temp[4096], dir[4096];
    int k = snprintf(temp, sizeof temp, "%s.new-%ld", path, (long)getpid());
    snprintf(dir, sizeof dir, "%s", path);
    char *slash = strrchr(dir, '/');
    if (slash == NULL)
        strcpy(dir, ".");
    else
        slash[slash == dir ? 1 : 0] = 0;
    if (k < 0 || (size_t)k >= sizeof temp) {
        zyd_err_set(err, ZYD_ERR_FILE_WRITE, "%s: the path is too long", path);
        return ZYD_E_IO;
    }
    int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    bool ok = fd >= 0 && write_all(fd, data, size) && fsync(fd) == 0;
    ok = ok && rename(temp, path) == 0;
    int dirfd = ok ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    ok = ok && dirfd >= 0 && fsync(dirfd) == 0;
    if (!ok) {
        zyd_err_set(err, ZYD_ERR_FILE_WRITE, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            unlink(temp);
    }
    if (fd >= 0)
        close(fd);
    if (dirfd >= 0)
        close(dirfd);
    return ok ? ZYD_OK : ZYD_E_IO;
}

void *zyd_pages_map(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) {
        return NULL;
    }
    madvise(p, size, MADV_HUGEPAGE); /* tables looked up by hash: with small pages each look is a TLB miss as well */
    return p;
}

void zyd_pages_unmap(void *mem, size_t size)
{
    if (mem != NULL)
        munmap(mem, size);
}

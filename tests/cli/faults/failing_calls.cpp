// failing_calls.so, for LD_PRELOAD: lets one call of the system or the allocator fail, once the program has started.
//
//   FAIL_CALL   write, fsync, rename, link, open, close or malloc (which stands for all that allocates)
//   FAIL_AT     which call fails, counted from 1; 0: none
//   FAIL_COUNT  a file that is told how many calls there were, where the program ends by itself
//
// Calls count from main() on, so that what a library does while it is loaded does not.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>

template <class Function>
static Function next(Function, const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

extern "C" {

void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

namespace {

std::atomic<bool> started{false};
std::atomic<long> calls{0};
long fail_at = 0;
char fail_call[16] = "";
int (*real_main)(int, char**, char**) = nullptr;

/// Whether the call that is being made is the one that fails.
bool fails(const char* call) {
  if (!started.load(std::memory_order_relaxed) || strcmp(call, fail_call) != 0) return false;
  return calls.fetch_add(1, std::memory_order_relaxed) + 1 == fail_at;
}

void tell_count() {
  started.store(false);
  if (const char* file = getenv("FAIL_COUNT")) {
    if (FILE* out = fopen(file, "w")) {
      fprintf(out, "%ld\n", calls.load());
      fclose(out);
    }
  }
}

int counted_main(int argc, char** argv, char** environment) {
  if (const char* call = getenv("FAIL_CALL")) strncpy(fail_call, call, sizeof fail_call - 1);
  if (const char* at = getenv("FAIL_AT")) fail_at = atol(at);
  unsetenv("LD_PRELOAD");  // not of the programs that this one starts
  atexit(tell_count);
  started.store(true);
  return real_main(argc, argv, environment);
}

}  // namespace

int __libc_start_main(int (*main_)(int, char**, char**), int argc, char** argv, void (*init)(), void (*fini)(),
                      void (*loader_fini)(), void* stack_end) {
  real_main = main_;
  return next(&__libc_start_main, "__libc_start_main")(counted_main, argc, argv, init, fini, loader_fini, stack_end);
}

ssize_t write(int descriptor, const void* bytes, size_t count) {
  static const auto real = next(&write, "write");
  if (fails("write")) return errno = ENOSPC, -1;
  return real(descriptor, bytes, count);
}

int fsync(int descriptor) {
  static const auto real = next(&fsync, "fsync");
  if (fails("fsync")) return errno = EIO, -1;
  return real(descriptor);
}

int rename(const char* from, const char* to) {
  static const auto real = next(&rename, "rename");
  if (fails("rename")) return errno = EACCES, -1;
  return real(from, to);
}

int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) {
  static const auto real = next(&linkat, "linkat");
  if (fails("link")) return errno = EPERM, -1;
  return real(from_folder, from, to_folder, to, flags);
}

static mode_t mode_of(int flags, va_list rest) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
}

int open(const char* path, int flags, ...) {
  static const auto real = reinterpret_cast<int (*)(const char*, int, ...)>(dlsym(RTLD_NEXT, "open"));
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  if (fails("open")) return errno = EMFILE, -1;
  return real(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  static const auto real = reinterpret_cast<int (*)(const char*, int, ...)>(dlsym(RTLD_NEXT, "open64"));
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  if (fails("open")) return errno = EMFILE, -1;
  return real(path, flags, mode);
}

int close(int descriptor) {
  static const auto real = next(&close, "close");
  if (fails("close")) return real(descriptor), errno = EIO, -1;
  return real(descriptor);
}

void* malloc(size_t bytes) {
  if (fails("malloc")) return errno = ENOMEM, nullptr;
  return __libc_malloc(bytes);
}

void* calloc(size_t count, size_t bytes) {
  if (fails("malloc")) return errno = ENOMEM, nullptr;
  return __libc_calloc(count, bytes);
}

void* realloc(void* old, size_t bytes) {
  if (fails("malloc")) return errno = ENOMEM, nullptr;
  return __libc_realloc(old, bytes);
}

void* memalign(size_t alignment, size_t bytes) {
  if (fails("malloc")) return errno = ENOMEM, nullptr;
  return __libc_memalign(alignment, bytes);
}

void* aligned_alloc(size_t alignment, size_t bytes) { return memalign(alignment, bytes); }

int posix_memalign(void** into, size_t alignment, size_t bytes) {
  void* const got = memalign(alignment, bytes);
  if (got == nullptr) return ENOMEM;
  *into = got;
  return 0;
}

}  // extern "C"

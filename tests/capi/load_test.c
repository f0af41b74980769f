/* The library loaded and unloaded a hundred times, with a call each time, as plugins do it:
 *
 *     GLIBC_TUNABLES=glibc.malloc.tcache_count=0 load_test LIBRARY BASE_URL */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "endpointkit/endpointkit.h"

#define Z EPK_ZERO_TERMINATED
#define ROUNDS 100
#define SETTLED 10

static int failures = 0;

#define CHECK(condition)                                         \
  do {                                                           \
    if (!(condition)) {                                          \
      ++failures;                                                \
      fprintf(stderr, "%d: not so: %s\n", __LINE__, #condition); \
    }                                                            \
  } while (0)

/* The functions that the test takes from the library, under their own names. */
#define FUNCTIONS(X)          \
  X(epk_options_new)          \
  X(epk_options_set)          \
  X(epk_options_free)         \
  X(epk_endpoint_open)        \
  X(epk_endpoint_free)        \
  X(epk_request_from_message) \
  X(epk_request_free)         \
  X(epk_chat_start)           \
  X(epk_call_next)            \
  X(epk_call_free)            \
  X(epk_error_free)

struct functions {
#define DECLARE(name) __typeof__(&name) name;
  FUNCTIONS(DECLARE)
#undef DECLARE
};

static int entries(const char *path) {
  int count = 0;
  DIR *folder = opendir(path);
  while (folder != NULL && readdir(folder) != NULL) ++count;
  if (folder != NULL) closedir(folder);
  return count;
}

static int lines(const char *path) {
  int count = 0;
  int c;
  FILE *file = fopen(path, "r");
  while (file != NULL && (c = getc(file)) != EOF) count += c == '\n';
  if (file != NULL) fclose(file);
  return count;
}

struct usage {
  int descriptors, threads, mappings;
  size_t bytes;
};

static struct usage current_usage(void) {
  struct usage usage;
  usage.descriptors = entries("/proc/self/fd");
  usage.threads = entries("/proc/self/task");
  usage.mappings = lines("/proc/self/maps");
  usage.bytes = mallinfo2().uordblks;
  return usage;
}

/* Gives the last status of one streamed chat. */
static epk_status chat(const struct functions *f, const char *base_url) {
  epk_options *options = NULL;
  epk_endpoint *endpoint = NULL;
  epk_request *request = NULL;
  epk_call *call = NULL;
  const epk_event *event = NULL;
  epk_status status;
  CHECK(f->epk_options_new(&options, NULL) == EPK_OK);
  CHECK(f->epk_options_set(options, "base_url", base_url, Z, NULL) == EPK_OK);
  CHECK(f->epk_options_set(options, "credentials.bearer", "k3y", Z, NULL) == EPK_OK);
  CHECK(f->epk_endpoint_open(NULL, "azureml://model.test/chat/completions", Z, options, &endpoint,
                             NULL) == EPK_OK);
  CHECK(f->epk_request_from_message("hello", Z, &request, NULL) == EPK_OK);
  CHECK(f->epk_chat_start(endpoint, request, NULL, &call, NULL) == EPK_OK);
  while ((status = f->epk_call_next(call, -1, &event, NULL)) == EPK_EVENT) continue;
  f->epk_call_free(call);
  f->epk_request_free(request);
  f->epk_endpoint_free(endpoint);
  f->epk_options_free(options);
  return status;
}

static void load_chat_and_unload(const char *library, const char *base_url) {
  struct functions functions;
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL) {
    ++failures;
    fprintf(stderr, "%s\n", dlerror());
    return;
  }
#define FIND(name) *(void **)(&functions.name) = dlsym(handle, #name);
  FUNCTIONS(FIND)
#undef FIND
  CHECK(chat(&functions, base_url) == EPK_END);
  CHECK(dlclose(handle) == 0);
}

int main(int argc, char **argv) {
  struct usage settled;
  struct usage end;
  int i;
  if (argc != 3) return 2;
  memset(&settled, 0, sizeof settled);
  for (i = 0; i < ROUNDS && failures == 0; ++i) {
    if (i == SETTLED) settled = current_usage();
    load_chat_and_unload(argv[1], argv[2]);
  }
  end = current_usage();
  printf("descriptors %d -> %d, threads %d -> %d, mappings %d -> %d, bytes %lu -> %lu\n",
         settled.descriptors, end.descriptors, settled.threads, end.threads, settled.mappings,
         end.mappings, (unsigned long)settled.bytes, (unsigned long)end.bytes);
  CHECK(end.descriptors == settled.descriptors);
  CHECK(end.threads == settled.threads);
  CHECK(end.mappings <= settled.mappings);
  CHECK(end.bytes < settled.bytes + ROUNDS - SETTLED); /* no byte a round */
  return failures == 0 ? 0 : 1;
}

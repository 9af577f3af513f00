/* The load client: one thread, real Kafka frames, JSON on stdout. See bench/README.md for the modes and options. */
#include <signal.h>
#include <sys/resource.h>

#include "../common/crc32c.h"
#include "../common/fail.h"
#include "modes.h"

struct mode {
  const char *name;
  void (*run)(const struct options *options);
};

static const struct mode modes[] = {
    {"produce", run_produce}, {"preload", run_preload}, {"fetch", run_fetch},       {"e2e", run_end_to_end},
    {"idle", run_idle},       {"create", run_create},   {"metadata", run_metadata}, {"probe", run_probe},
};

/* Thousands of idle connections need descriptors of our own, too. */
static void raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) fail_errno("load: getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) fail_errno("load: setrlimit");
}

int main(int count, char **arguments) {
  struct options options = options_parse(count, arguments);
  raise_descriptor_limit();
  crc32c_prepare();
  for (size_t index = 0; index < sizeof modes / sizeof *modes; index++) {
    if (strcmp(modes[index].name, options.mode) == 0) {
      modes[index].run(&options);
      return 0;
    }
  }
  fail("load: there is no mode %s", options.mode);
}

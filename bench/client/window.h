/*
 * The measured window: warm-up first, then a number of seconds. Begin and end are told on stderr, so that whoever runs
 * the load can take its own readings. The server's CPU clock (all threads, user and system, nanoseconds) is read at the
 * same two moments as the counters.
 */
#ifndef SLUICE_BENCH_WINDOW_H
#define SLUICE_BENCH_WINDOW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <time.h>

static inline uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

struct cpu_reading {
  uint64_t server_ns;
  uint64_t server_user_ticks;
  uint64_t server_system_ticks;
  uint64_t client_ns;
};

enum window_state { window_warm_up, window_open, window_closed };

struct window {
  pid_t server_pid;
  enum window_state state;
  uint64_t begins_at;
  uint64_t ends_at;
  struct cpu_reading at_begin;
  struct cpu_reading at_end;
};

struct window window_plan(pid_t server_pid, uint64_t now, double warm_up_seconds, double seconds);
/* Call it once a turn: moves the state on and takes the readings. */
enum window_state window_tick(struct window *window, uint64_t now);
double window_seconds(const struct window *window);
/* Prints `"seconds":…,"serverCpuMicros":…,"serverUserShare":…,"serverCpuShare":…,"clientCpuShare":…`. */
void window_print(FILE *out, const struct window *window);

/* Resident bytes of the server. */
uint64_t server_resident_bytes(pid_t server_pid);

#endif

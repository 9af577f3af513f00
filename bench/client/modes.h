/* What the load client can do, one function a mode. Each prints one JSON object on stdout. */
#ifndef SLUICE_BENCH_MODES_H
#define SLUICE_BENCH_MODES_H

#include "connection.h"
#include "options.h"

/* Closed loop: every connection keeps `in_flight` batches unanswered. */
void run_produce(const struct options *options);
/* Sends `batches` batches to every partition and ends. */
void run_preload(const struct options *options);
/* Closed loop: every connection reads its partition from start to end, again and again, one Fetch at a time. */
void run_fetch(const struct options *options);
/* Open loop: `rate` one-record requests a second, each received by a long-polling consumer of its partition. */
void run_end_to_end(const struct options *options);
/* Opens connections, lets each ask ApiVersions once, and holds them: what does one cost the server? */
void run_idle(const struct options *options);
/* Creates the topic and waits until all partitions have a leader. */
void run_create(const struct options *options);
/* Asks `repeat` times for the metadata of all topics. */
void run_metadata(const struct options *options);
/* One ApiVersions exchange. */
void run_probe(const struct options *options);

/* Ends the program unless the server serves the versions that the load speaks. */
void check_api_versions(struct connection *connection, const struct options *options);

#endif

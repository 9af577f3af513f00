#include "latency.hh"

namespace sluice {

namespace {

constexpr SyscallTraits kTraits[] = {
    {"open", false},       {"close", false},    {"pwritev", true},  {"pwrite", true},     {"pread", true},
    {"ftruncate", false},  {"fallocate", false}, {"fdatasync", false}, {"fsync", false},  {"sync_file_range", false},
    {"fadvise", false},    {"cachestat", false}, {"mincore", false}, {"preadv2", true},   {"fcntl", false},
    {"fstat", false},      {"mkdir", false},    {"readdir", false}, {"stat", false},      {"rename", false},
    {"unlink", false},     {"rmdir", false},    {"statvfs", false}, {"sendfile", true},   {"sendmsg", true},
    {"recvmsg", true},     {"read", true},      {"readv", true},    {"write", true},      {"accept4", false},
    {"epoll_wait", false},
};
static_assert(sizeof(kTraits) / sizeof(kTraits[0]) == static_cast<size_t>(Syscall::kCount), "one row for each call");

}  // namespace

const SyscallTraits& syscall_traits(Syscall syscall) { return kTraits[static_cast<size_t>(syscall)]; }

}  // namespace sluice

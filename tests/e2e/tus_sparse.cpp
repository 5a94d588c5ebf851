// An upload larger than memory should be, from a sparse file, whose connection is cut twenty times.
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/sha256.hpp"
#include "catch.hpp"
#include "e2e/ctl.hpp"
#include "os/descriptor.hpp"

using namespace video;
using namespace video::e2e;
using nlohmann::json;

namespace {

constexpr int cuts = 20;

// 1 GiB, or as many GiB as VIDEO_SPARSE says: 10 are what resumable uploads were measured with.
std::uint64_t sparseSize() {
  const char* const asked = std::getenv("VIDEO_SPARSE");
  return (asked != nullptr ? std::strtoull(asked, nullptr, 10) : 1) << 30;
}

// Memory of a process that is its own, not mapped from files, in KiB.
long ownMemory(pid_t process) {
  std::istringstream rows(read(fmt::format("/proc/{}/status", process)));
  for (std::string row; std::getline(rows, row);)
    if (row.starts_with("RssAnon:")) return std::stol(row.substr(8));
  return -1;
}

struct SparseUpload {
  explicit SparseUpload(std::uint64_t bytes)
      : size(bytes),
        site("socket", std::string(idle) + "[stream]\nmax_upload = \"1TiB\"\n[storage]\nfree_space_floor = 0\n") {
    token = line(site.direct({"--as", "ada", "token", "create", "--label", "tus", "--scope", "upload"}).out);
    const auto path = write(site.folder / "sparse.mp4", mp4Front());
    std::filesystem::resize_file(path, size);
    file = Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    upload = headerOf(ask({"-X", "POST", "-H", fmt::format("Upload-Length: {}", size)}, "/uploads"), "Location");
  }

  std::string ask(Words words, const std::string& target) const {
    words = join({"curl", "-s", "-D", "-", "-o", "/dev/null", "-H", "Tus-Resumable: 1.0.0", "-H",
                  "Authorization: Bearer " + token},
                 words);
    words.push_back(site.daemon.url() + target);
    return run(words).out;
  }
  static std::string headerOf(const std::string& reply, const std::string& name) {
    INFO(reply);
    const std::size_t at = reply.find(name + ": ");
    REQUIRE(at != std::string::npos);
    return reply.substr(at + name.size() + 2, reply.find('\r', at) - at - name.size() - 2);
  }
  std::uint64_t offset() const { return std::stoull(headerOf(ask({"-I"}, upload), "Upload-Offset")); }

  // Sends a PATCH for all that is missing, but only the bytes up to `end`; then the connection is cut, unless that is
  // all. Returns the reply, if there can be one.
  std::string send(std::uint64_t from, std::uint64_t end) const {
    const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(site.daemon.address().substr(10))));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    const std::string head = fmt::format(
        "PATCH {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\nContent-Type: "
        "application/offset+octet-stream\r\nUpload-Offset: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        upload, token, from, size - from);
    REQUIRE(::send(socket.number(), head.data(), head.size(), MSG_NOSIGNAL | MSG_MORE) == std::ssize(head));
    for (auto at = static_cast<off_t>(from); std::cmp_less(at, end);)
      REQUIRE(::sendfile(socket.number(), file.number(), &at, end - static_cast<std::uint64_t>(at)) > 0);
    std::string reply(end < size ? 0 : 4096, '\0');
    if (!reply.empty()) reply.resize(static_cast<std::size_t>(::recv(socket.number(), reply.data(), 4096, 0)));
    return reply;
  }

  std::string expected() const {
    Sha256 hash;
    std::string block(1 << 20, '\0');
    for (std::uint64_t at = 0; at < size; at += block.size()) {
      REQUIRE(::pread(file.number(), block.data(), block.size(), static_cast<off_t>(at)) == std::ssize(block));
      hash.add(std::as_bytes(std::span(block)));
    }
    return hash.hex();
  }

  std::uint64_t size;
  Site site;
  std::string token;
  Descriptor file;
  std::string upload;
};

}  // namespace

TEST_CASE("a sparse file arrives whole although its upload is cut twenty times, in little memory", "[long]") {
  SparseUpload one(sparseSize());
  std::uint64_t offset = 0;
  long least = 0;
  long most = 0;
  for (std::uint64_t i = 1; i <= cuts; ++i) {
    // Not at a boundary of anything.
    const std::uint64_t end = one.size / (cuts + 1) * i + 12'345 * i;
    one.send(offset, end);
    const std::uint64_t found = one.offset();
    CHECK(found >= offset);
    CHECK(found <= end);
    // What came is kept, but for what was on its way.
    CHECK(found + (std::uint64_t{64} << 20) >= end);
    offset = found;
    most = ownMemory(one.site.daemon.pid());
    if (i == 3) least = most;  // every buffer has been used
    INFO("after cut " << i << ": " << most << " KiB, before: " << least << " KiB");
    if (i > 3) CHECK(most <= least + 32 * 1024);
  }
  CHECK(one.send(offset, one.size).starts_with("HTTP/1.1 204 "));
  CHECK(one.offset() == one.size);
  const json videos =
      json::parse(one.site.run("", {"-o", "json", "video", "list", "--state", "ready"}).out).at("videos");
  REQUIRE(videos.size() == 1);
  CHECK(videos[0].at("sha256") == one.expected());
  if (std::getenv("VIDEO_SPARSE") != nullptr)
    fmt::print(stderr, "{} GiB, {} cuts: {} KiB of memory after the third, {} KiB after the last\n", one.size >> 30,
               cuts, least, most);
}

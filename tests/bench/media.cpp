// Measures how long looking into a file takes, and how much of it is read. Give files, or none for an hour of video
// that ffmpeg makes.
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "media/probe.hpp"
#include "media/sniff.hpp"
#include "temp.hpp"

using namespace video;

namespace {

void measure(const std::string& path) {
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  media::File file = media::fileOf(descriptor);
  std::string front(4096, '\0');
  front.resize(file.read(0, std::as_writable_bytes(std::span(front))));
  const auto kind = media::sniff(front);
  std::uint64_t read = 0;
  std::uint64_t reads = 0;
  file.read = [&, inner = file.read](std::uint64_t offset, std::span<std::byte> to) {
    const std::size_t got = inner(offset, to);
    read += got;
    ++reads;
    return got;
  };
  const auto look = [&](bool isCold) {
    if (isCold) ::posix_fadvise(descriptor.number(), 0, 0, POSIX_FADV_DONTNEED);
    read = reads = 0;
    const auto began = std::chrono::steady_clock::now();
    const media::Probed found = media::probe(file, kind ? kind->type : "");
    const double took = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
    return std::pair(took, found.info.durationMs.value_or(0));
  };
  const auto cold = look(true);
  double warm = cold.first;
  for (int i = 0; i < 20; ++i) warm = std::min(warm, look(false).first);
  fmt::print("{}: {} s, {} bytes, read {} in {} reads ({:.3f} %), {:.2f} ms cold, {:.3f} ms warm\n", path,
             cold.second / 1000, file.size, read, reads,
             100.0 * static_cast<double>(read) / static_cast<double>(file.size), cold.first, warm);
}

}  // namespace

int main(int count, char** arguments) {
  for (int i = 1; i < count; ++i) measure(arguments[i]);
  if (count > 1) return 0;
  const TempDirectory folder;
  const auto make = [&](const std::string& words) {
    const std::string line = "cd " + folder.path().string() + " && ffmpeg -nostdin -loglevel error -y " + words;
    if (std::system(line.c_str()) != 0) std::exit(1);
  };
  make(
      "-f lavfi -i testsrc2=size=320x180:rate=30:duration=10 -f lavfi -i sine=duration=10 -c:v libx264 -c:a aac -b:a "
      "96k ten.mp4");
  const std::string hour = "-stream_loop 359 -i ten.mp4 -c copy ";
  for (const auto& [name, flags] :
       {std::pair("late.mp4", ""), std::pair("faststart.mp4", "-movflags +faststart "),
        std::pair("fragmented.mp4", "-movflags frag_keyframe+empty_moov "), std::pair("hour.mkv", "")}) {
    make(hour + flags + name);
    measure((folder / name).string());
  }
}

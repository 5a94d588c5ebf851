#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/ids.hpp"
#include "store/database.hpp"
#include "store/directory.hpp"

namespace video {

/// Size of a deletion queue.
struct QueueSize {
  std::size_t deleted = 0;   ///< videos whose deletion is due
  std::size_t kept = 0;      ///< videos that are not deleted
  std::size_t comments = 0;  ///< per video
  std::size_t bytes = 100;   ///< per content
};

/// Creates a data directory and writes the rows and files of its queue directly, which is fast enough for hundreds of
/// thousands of videos.
inline void fillQueue(const std::filesystem::path& data, const QueueSize& size) {
  namespace fs = std::filesystem;
  store::DataDirectory::create(data);
  store::StoreOptions options;
  options.freeSpaceFloor = 1ULL << 60;  // no reserve is made
  options.synchronous = store::Synchronous::normal;
  store::Database database(store::DataDirectory::open(data, store::Hold::shared), options);
  const Time now = systemClock().now();
  database.write(store::Purpose::keep, [&](store::Transaction& one) {
    one.query("INSERT INTO users (id, login_name, pwd, create_time) VALUES (1, 'ada', '', ?)", now).run();
  });
  const std::string content(size.bytes, 'x');
  const std::size_t all = size.deleted + size.kept;
  for (std::size_t from = 0; from < all; from += 1000) {
    database.write(store::Purpose::keep, [&](store::Transaction& one) {
      for (std::size_t i = from; i < std::min(from + 1000, all); ++i) {
        const bool gone = i < size.deleted;
        const std::string id = makeUuid7(now);
        const std::string blob = makeRandomHex(16);
        fs::create_directory(data / "blobs" / blob.substr(0, 2));
        std::ofstream(data / "blobs" / blob.substr(0, 2) / blob) << content;
        one.query(
               "INSERT INTO video_info (id, author_id, name, state, display_ctime, create_time, size, blob) "
               "VALUES (?, 1, 'x', ?, '', ?, ?, ?)",
               id, gone ? "deleted" : "ready", now, size.bytes, blob)
            .run();
        if (gone)
          one.query("INSERT INTO video_del_rec (video_id, due, create_time) VALUES (?, ?, ?)", id, now, now).run();
        for (std::size_t c = 0; c < size.comments; ++c)
          one.query("INSERT INTO comments (id, video_id, author_id, content, time) VALUES (?, ?, 1, 'x', ?)",
                    makeUuid7(now), id, now)
              .run();
      }
    });
  }
}

}  // namespace video

#include "videos/probes.hpp"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "observe/log.hpp"
#include "os/priority.hpp"
#include "store/blobs.hpp"
#include "videos/rows.hpp"

namespace video {
namespace {

constexpr std::int64_t stepCount = 50;  // contents that are recorded in one transaction

// One run of the task, a step at a time.
class ProbeRun {
 public:
  ProbeRun(DamagedContents& damaged, store::Database& database, const store::Blobs& blobs)
      : damaged_(damaged), database_(database), blobs_(blobs) {}

  std::optional<schedule::Counts> step() {
    os::lowerPriority(os::lowest, true);
    const auto contents =
        database_.read([&](store::Reader& reader) { return rows::listUnprobed(reader, position_, stepCount); });
    if (contents.empty()) return std::nullopt;
    position_ = contents.back().id;
    schedule::Counts counts;
    std::vector<std::pair<rows::UnprobedContent, media::MediaInfo>> found;
    for (const rows::UnprobedContent& content : contents) {
      if (auto info = lookInto(content))
        found.emplace_back(content, *std::move(info));
      else
        ++counts.failed;
    }
    if (found.empty()) return counts;
    // What was replaced meanwhile was looked into when it was stored.
    counts.done = database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      std::size_t set = 0;
      for (const auto& [content, info] : found) set += rows::setMedia(transaction, content.id, content.blob, info);
      return set;
    });
    return counts;
  }

 private:
  std::optional<media::MediaInfo> lookInto(const rows::UnprobedContent& content) const try {
    const auto file = blobs_.open(content.blob);
    if (!file) {
      damaged_.note(content.id, content.blob, "there is no such file");
      return std::nullopt;
    }
    return media::probe(media::fileOf(*file), content.contentType).info;
  } catch (const Error& error) {
    observe::warning("a content could not be looked into", {{"video", content.id.text}, {"error", error.what()}});
    return std::nullopt;
  }

  DamagedContents& damaged_;
  store::Database& database_;
  const store::Blobs& blobs_;
  VideoId position_;
};

}  // namespace

schedule::Task makeProbeTask(DamagedContents& damaged, store::Database& database, const store::Blobs& blobs) {
  return {"media-probe", 1, 1, [&] {
            auto run = std::make_shared<ProbeRun>(damaged, database, blobs);
            return schedule::inSteps([run] { return run->step(); });
          }};
}

}  // namespace video

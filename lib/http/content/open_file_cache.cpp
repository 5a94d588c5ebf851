#include "http/content/open_file_cache.hpp"

namespace video::http {

std::optional<Content> OpenFileCache::find(std::string_view target, std::uint64_t version) {
  const std::lock_guard lock(mutex_);
  if (version_ != version) {
    contents_.clear();
    version_ = version;
  }
  const auto found = contents_.find(target);
  return found == contents_.end() ? std::nullopt : std::optional(found->second);
}

void OpenFileCache::keep(std::string_view target, std::uint64_t version, const Content& content) {
  if (content.meta.size > largest || !content.reader->file()) return;
  const std::lock_guard lock(mutex_);
  if (version_ != version) return;
  if (contents_.size() >= most) contents_.clear();
  contents_.insert_or_assign(std::string(target), content);
}

}  // namespace video::http

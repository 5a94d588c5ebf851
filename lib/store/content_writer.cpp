#include "store/content_writer.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <new>
#include <span>
#include <system_error>
#include <thread>
#include <utility>

#include "base/waiting.hpp"
#include "os/files.hpp"
#include "os/priority.hpp"

namespace video::store {
namespace {

constexpr std::size_t pieceSize = 16 * 1024;
constexpr std::uint64_t dirtyMost = 64ULL << 20;
// The pipeline is entered only at a multiple of this size, because O_DIRECT needs aligned offsets.
constexpr std::uint64_t step = 8ULL << 20;
// The size of a huge page, which a disk accepts as one request. Cloud disks limit the number of requests.
constexpr std::size_t blockSize = 2ULL << 20;
constexpr std::size_t blockCount = 4;

std::span<const std::byte> bytesOf(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// Starts writeback of the step that ends at `end` and waits for writeback started long before, so that little is left
// for fsync to do.
void writeBack(int file, std::uint64_t end) {
  ::sync_file_range(file, static_cast<off64_t>(end - step), static_cast<off64_t>(step), SYNC_FILE_RANGE_WRITE);
  if (end > dirtyMost)
    ::sync_file_range(file, static_cast<off64_t>(end - dirtyMost - step), static_cast<off64_t>(step),
                      SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
}

// Turns O_DIRECT on or off. Returns false if the file system does not support it.
bool setDirect(int file, bool direct) {
  const int flags = ::fcntl(file, F_GETFL);
  return flags >= 0 && ::fcntl(file, F_SETFL, direct ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
}

std::atomic_flag pipelineTaken;

}  // namespace

// A ring of blocks. One thread writes the filled blocks to the file, another hashes them.
class ContentWriter::Pipeline {
  // Uses huge pages if the system provides them.
  class Blocks {
   public:
    Blocks() : map_(::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
      if (map_ == MAP_FAILED) throw std::bad_alloc();
      const std::size_t over = reinterpret_cast<std::uintptr_t>(map_) % blockSize;
      first_ = static_cast<char*>(map_) + (over > 0 ? blockSize - over : 0);
      ::madvise(first_, blockCount * blockSize, MADV_HUGEPAGE);
      ::madvise(first_, blockCount * blockSize, MADV_DONTFORK);  // a fork must not share pages being written
    }
    ~Blocks() { ::munmap(map_, mapped); }
    Blocks(const Blocks&) = delete;
    Blocks& operator=(const Blocks&) = delete;
    char* at(std::uint64_t index) const noexcept { return first_ + index % blockCount * blockSize; }

   private:
    static constexpr std::size_t mapped = (blockCount + 1) * blockSize;  // one extra block, for alignment
    void* const map_;
    char* first_;
  };

 public:
  // Returns null if another upload has the pipeline, or if there are not enough threads or memory. `size` is the
  // current size of the file.
  static std::unique_ptr<Pipeline> make(os::FileSystem& files, int file, std::uint64_t size, const std::string& name,
                                        Sha256& hash) {
    if (pipelineTaken.test_and_set()) return nullptr;
    try {
      return std::make_unique<Pipeline>(files, file, size, name, hash);
    } catch (const std::exception&) {
      pipelineTaken.clear();
      return nullptr;
    }
  }

  Pipeline(os::FileSystem& files, int file, std::uint64_t size, const std::string& name, Sha256& hash)
      : files_(files), file_(file), before_(size), size_(size), name_(name), hash_(hash) {
    hasher_ = std::jthread([this](const std::stop_token& stop) {
      follow(stop, hashed_, [this](std::string_view block) { hash_.add(bytesOf(block)); });
    });
    writer_ = std::jthread([this](const std::stop_token& stop) {
      follow(stop, written_, [this](std::string_view block) { append(block); });
    });
    direct_ = setDirect(file, true);
  }

  ~Pipeline() {
    for (std::jthread* const one : {&hasher_, &writer_}) {
      one->request_stop();
      if (one->joinable()) one->join();
    }
    setDirect(file_, false);
    pipelineTaken.clear();
  }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  void add(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::span<char> to = room();
      const std::size_t taken = std::min(bytes.size(), to.size());
      if (to.data() != bytes.data()) std::memcpy(to.data(), bytes.data(), taken);
      bytes.remove_prefix(taken);
      filled_ += taken;
      if (filled_ == blockSize) give();
    }
  }

  std::span<char> room() {
    if (filled_ == 0) waitUntil([this] { return given_ < std::min(hashed_, written_) + blockCount; });
    return {blocks_.at(given_) + filled_, blockSize - filled_};
  }

  // Returns how many bytes of the file are certainly written.
  std::uint64_t written() {
    const std::scoped_lock lock(mutex_);
    return before_ + written_ * blockSize;  // only the last block may be partial
  }

  void finish() {
    if (filled_ > 0) give();
    waitUntil([this] { return std::min(hashed_, written_) == given_; });
  }

 private:
  void give() {
    {
      const std::scoped_lock lock(mutex_);
      sizes_[given_ % blockCount] = std::exchange(filled_, 0);
      ++given_;
    }
    changed_.notify_all();
  }

  template <typename Condition>
  void waitUntil(const Condition& condition) {
    std::unique_lock lock(mutex_);
    if (!condition() && !failure_) {
      const Waiting forTheDisk;
      changed_.wait(lock, [&] { return condition() || failure_; });
    }
    if (failure_) std::rethrow_exception(failure_);
  }

  template <typename Work>
  void follow(const std::stop_token& stop, std::uint64_t& done, const Work& work) {
    os::lowerPriority(os::longWork);
    std::unique_lock lock(mutex_);
    try {
      while (changed_.wait(lock, stop, [&] { return done < given_; }) && !stop.stop_requested()) {
        const std::string_view block(blocks_.at(done), sizes_[done % blockCount]);
        lock.unlock();
        work(block);
        lock.lock();
        ++done;
        changed_.notify_all();
      }
    } catch (...) {
      if (!lock) lock.lock();
      failure_ = std::current_exception();
      changed_.notify_all();
    }
  }

  void append(std::string_view block) {
    size_ += block.size();
    if (direct_ && block.size() == blockSize) {
      const ssize_t written = files_.write(file_, block.data(), block.size());
      block.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
    }
    if (block.empty()) return;
    // O_DIRECT cannot write the last, partial block, and a write may fail or be short. The rest goes through the page
    // cache, which reports the error if there is one.
    if (std::exchange(direct_, false)) setDirect(file_, false);
    os::writeAll(files_, file_, block, name_);
    if (size_ % step == 0) writeBack(file_, size_);
  }

  os::FileSystem& files_;
  const int file_;
  const std::uint64_t before_;  // bytes in the file before the first block
  std::uint64_t size_;
  const std::string& name_;
  Sha256& hash_;
  bool direct_ = false;  // used by the writer thread alone after the first block
  Blocks blocks_;
  std::size_t filled_ = 0;  // bytes in the block being filled
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::array<std::size_t, blockCount> sizes_{};
  std::uint64_t given_ = 0;
  std::uint64_t hashed_ = 0;
  std::uint64_t written_ = 0;
  std::exception_ptr failure_;
  std::jthread hasher_;
  std::jthread writer_;
};

ContentWriter::ContentWriter(os::FileSystem& files, int file, std::string name, HashedPart before,
                             std::chrono::milliseconds fast)
    : files_(files),
      file_(file),
      name_(std::move(name)),
      fast_(fast),
      hash_(std::move(before.hash)),
      size_(before.size),
      stepBegan_(std::chrono::steady_clock::now()) {
  if (size_ % step != 0) stepBegan_ -= fast_;  // the rest of a step does not show that the upload is fast
}
ContentWriter::~ContentWriter() = default;

void ContentWriter::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), step - size_ % step));
    take(bytes.substr(0, here));
    bytes.remove_prefix(here);
    size_ += here;
    if (size_ % step == 0) changeGear();
  }
  if (pipeline_ && std::chrono::steady_clock::now() - stepBegan_ > 4 * fast_) leavePipeline();
}

std::span<std::byte> ContentWriter::room() {
  return pipeline_ ? std::as_writable_bytes(pipeline_->room()) : std::span<std::byte>();
}

void ContentWriter::take(std::string_view bytes) {
  if (pipeline_) return pipeline_->add(bytes);
  if (piece_.empty() && bytes.size() >= pieceSize) return put(bytes);
  while (!bytes.empty()) {
    const std::size_t taken = std::min(bytes.size(), pieceSize - piece_.size());
    piece_.append(bytes.substr(0, taken));
    bytes.remove_prefix(taken);
    if (piece_.size() < pieceSize) break;
    put(piece_);
    piece_.clear();
  }
}

void ContentWriter::put(std::string_view bytes) {
  os::writeAll(files_, file_, bytes, name_);
  hash_.add(bytesOf(bytes));
}

void ContentWriter::changeGear() {
  const auto now = std::chrono::steady_clock::now();
  const auto took = now - std::exchange(stepBegan_, now);
  if (pipeline_) return;
  put(piece_);
  piece_.clear();
  writeBack(file_, size_);
  if (took < fast_) pipeline_ = Pipeline::make(files_, file_, size_, name_, hash_);
}

void ContentWriter::leavePipeline() {
  pipeline_->finish();
  pipeline_.reset();
}

std::uint64_t ContentWriter::written() const {
  return pipeline_ ? pipeline_->written() : size_ - piece_.size();
}

void ContentWriter::flush() {
  if (pipeline_) leavePipeline();
  put(piece_);
  piece_ = {};
}

HashedPart ContentWriter::pause() {
  flush();
  return {hash_, size_};
}

std::string ContentWriter::finish() {
  flush();
  return hash_.hex();
}

}  // namespace video::store

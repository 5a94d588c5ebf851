#pragma once

#include "uploads/uploads.hpp"

namespace video {

template <>
struct Fields<Upload> {
  static constexpr std::tuple list{
      Field{"id", &Upload::id, "the video"},
      Field{"sha256", &Upload::digest, "expected SHA-256, hex"},
  };
};

template <>
struct Fields<BeginUpload> {
  static constexpr std::tuple list{
      Field{"id", &BeginUpload::id, "the video"},
      Field{"size", &BeginUpload::size, "bytes that will come"},
      Field{"sha256", &BeginUpload::sha256, "their SHA-256, hex"},
  };
};

template <>
struct Fields<UploadStatus> {
  static constexpr std::tuple list{
      Field{"id", &UploadStatus::id, "the video"},
      Field{"ready", &UploadStatus::ready, "whether a whole content stands"},
      Field{"under_way", &UploadStatus::underWay, "whether an upload to it is under way"},
      Field{"size", &UploadStatus::size, "bytes that stand"},
      Field{"sha256", &UploadStatus::sha256, "of what stands, hex"},
      Field{"content_type", &UploadStatus::contentType, "of what stands"},
      Field{"same", &UploadStatus::same, "whether the content asked about stands already"},
  };
};

template <>
struct Fields<RehearseUpload> {
  static constexpr std::tuple list{
      Field{"user_name", &RehearseUpload::user, "the owner"},
      Field{"name", &RehearseUpload::name, "of the video"},
      Field{"size", &RehearseUpload::size, "bytes"},
      Field{"ahead", &RehearseUpload::ahead, "bytes of other uploads that would come before"},
      Field{"front", &RehearseUpload::front, "the first 4096 bytes, hex"},
  };
};

template <>
struct Fields<RehearsedUpload> {
  static constexpr std::tuple list{
      Field{"content_type", &RehearsedUpload::contentType, "media type that it would have"},
  };
};

template <>
struct Fields<Uploaded> {
  static constexpr std::tuple list{
      Field{"id", &Uploaded::id, "the video"},
      Field{"replaced", &Uploaded::replaced, "whether there was a content before"},
      Field{"size", &Uploaded::size, "bytes"},
      Field{"sha256", &Uploaded::sha256, "hex"},
      Field{"content_type", &Uploaded::contentType, "media type"},
  };
};

}  // namespace video

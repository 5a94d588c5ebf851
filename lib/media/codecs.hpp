#pragma once

#include <string>
#include <string_view>

namespace video::media {

/// Codec names as in RFC 6381, made from the configuration records that mp4 and Matroska have in common. They throw
/// Malformed if the record is too short.

/// Returns `avc1.PPCCLL` from an AVCDecoderConfigurationRecord; `name` is avc1 or avc3.
std::string avcCodec(std::string_view name, std::string_view record);
/// Returns for example `hvc1.1.6.L93.B0` from an HEVCDecoderConfigurationRecord; `name` is hvc1 or hev1.
std::string hevcCodec(std::string_view name, std::string_view record);
/// Returns for example `av01.0.04M.08` from an AV1CodecConfigurationRecord.
std::string av1Codec(std::string_view record);
/// Returns for example `vp09.00.10.08` from a VPCodecConfigurationRecord.
std::string vpCodec(std::string_view name, std::string_view record);
/// Returns for example `mp4a.40.2` from an AudioSpecificConfig; `mp4a.40` if it is empty.
std::string aacCodec(std::string_view config);

}  // namespace video::media

// Just enough XML for the replies of AWS's query protocol: the text of one element. Not for
// documents from strangers; there are no DTDs, hence no entities of their own.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ek {

/// The text of the first element at `path` from the root, "AssumeRoleResponse/…/AccessKeyId"; '*'
/// stands for any one name. Prefixes of namespaces are ignored; the five entities of XML and
/// numeric references are resolved. None if it is not there, has elements inside, or the text up to
/// it is not well-formed.
std::optional<std::string> xml_text(std::string_view xml, std::string_view path);

}  // namespace ek

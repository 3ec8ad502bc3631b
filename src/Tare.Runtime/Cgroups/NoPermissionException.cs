using Tare.Errors;

namespace Tare.Runtime.Cgroups;

/// <summary>A user may not make a control group, and has asked for nothing that needs one.</summary>
internal sealed class NoPermissionException(TareException cause) : TareException(ErrorKind.Forbidden, cause.Message, cause);

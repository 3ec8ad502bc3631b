namespace Tare.Linux.Netlink;

/// <summary>What the kernel has answered to one request.</summary>
/// <param name="Error">0, or the error number.</param>
/// <param name="Detail">The kernel's own words on it (NLMSGERR_ATTR_MSG), when it has any.</param>
public readonly record struct NetlinkAnswer(int Error, string? Detail)
{
    /// <summary>Whether the request was carried out.</summary>
    public bool IsSuccess => Error == 0;

    /// <summary>The error as a sentence.</summary>
    /// <param name="operation">What was attempted, with the object's name.</param>
    public LinuxException ToException(string operation) => new(operation, Error, Detail);

    /// <summary>Nothing when the request was carried out.</summary>
    /// <exception cref="LinuxException">It was refused.</exception>
    public void Check(string operation)
    {
        if (Error != 0) throw ToException(operation);
    }
}

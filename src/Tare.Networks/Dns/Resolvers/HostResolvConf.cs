using System.Net;

namespace Tare.Networks.Dns.Resolvers;

/// <summary>The host's file.</summary>
public static class HostResolvConf
{
    /// <summary>Where it is.</summary>
    internal const string Default = "/etc/resolv.conf";

    /// <summary>The file that systemd-resolved keeps of the servers that it asks itself (systemd-resolved.service(8)).</summary>
    internal const string BehindStub = "/run/systemd/resolve/resolv.conf";

    private static readonly IPAddress Stub = IPAddress.Parse("127.0.0.53");

    /// <summary>For containers whose questions are asked from the host's network namespace: in its network, or by the embedded server.</summary>
    public static ResolvConf Read() => Read(ReadText);

    /// <summary>For containers that ask by themselves: the servers behind systemd-resolved, when its address is the host's only one.</summary>
    public static ResolvConf ReadReachable() => ReadReachable(ReadText);

    internal static ResolvConf Read(Func<string, string> read) => ResolvConf.Parse(read(Default), Default);

    internal static ResolvConf ReadReachable(Func<string, string> read)
    {
        var own = Read(read);
        return own.Servers is [var only] && only.Address.Equals(Stub) ? ResolvConf.Parse(read(BehindStub), BehindStub) : own;
    }

    // A host without the file has no servers.
    private static string ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return "";
        }
    }
}

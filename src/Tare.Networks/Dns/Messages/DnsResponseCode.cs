namespace Tare.Networks.Dns.Messages;

/// <summary>How a question went (RFC 1035 section 4.1.1; from 16 on the upper bits stand in the OPT record, RFC 6891 section 6.1.3).</summary>
public enum DnsResponseCode : ushort
{
    NoError = 0,
    FormatError = 1,
    ServerFailure = 2,
    NameError = 3,
    NotImplemented = 4,
    Refused = 5,
    BadVersion = 16,
}

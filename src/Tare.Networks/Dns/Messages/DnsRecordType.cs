namespace Tare.Networks.Dns.Messages;

/// <summary>The types of records that are looked at here; every other number is one too (RFC 1035 section 3.2.2, RFC 3596, RFC 6891).</summary>
public enum DnsRecordType : ushort
{
    None = 0,
    A = 1,
    Cname = 5,
    Ptr = 12,
    Mx = 15,
    Txt = 16,
    Aaaa = 28,
    Srv = 33,
    Opt = 41,
}

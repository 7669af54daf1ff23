"""Objects of S3 on the loopback address: fetched into a folder, listed, put or removed.

Usage: tree.py PORT BUCKET fetch PREFIX FOLDER | list PREFIX | text KEY | public PREFIX | put KEY TEXT | remove KEY
"""

import os
import sys

import boto3

port, bucket, what, name, *more = sys.argv[1:]
known = {"aws_access_key_id": "AKID", "aws_secret_access_key": "secret-key", "region_name": "us-west-2"}
s3 = boto3.client("s3", endpoint_url="http://127.0.0.1:" + port, **known)


def keys():
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=name):
        for found in page.get("Contents", []):
            yield found["Key"]


if what == "fetch":
    for key in keys():
        path = os.path.join(more[0], key[len(name) :].lstrip("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        s3.download_file(bucket, key, path)
elif what == "list":
    print("\n".join(keys()))
elif what == "text":
    print(s3.get_object(Bucket=bucket, Key=name)["Body"].read().decode())
elif what == "public":
    for key in keys():
        s3.put_object_acl(Bucket=bucket, Key=key, ACL="public-read")
elif what == "put":
    s3.put_object(Bucket=bucket, Key=name, Body=more[0].encode())
elif what == "remove":
    s3.delete_object(Bucket=bucket, Key=name)
